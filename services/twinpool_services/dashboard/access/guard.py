"""Finds out who looks at a page, and whether he may; the same principals, roles and audit log as at the API."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.requests import Request

from twinpool.errors import NotAuthenticated
from twinpool.security.pool_keys import Purpose
from twinpool.security.roles import Role
from twinpool_services.dashboard.access.cookies import Cookies
from twinpool_services.dashboard.access.forms import FORM_TOKEN, FormRefused, read_form, require_same_origin
from twinpool_services.dashboard.access.sessions import Session, Sessions
from twinpool_services.frontend.access.callers import ANYBODY, STRANGER, Caller, admit, caller_of_groups
from twinpool_services.frontend.access.requirements import may, require
from twinpool_services.frontend.access.trail import address_of
from twinpool_services.frontend.context import Context


class SignInFirst(NotAuthenticated):
    """Nobody knows who looks."""

    hint = "Sign in again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Who looks at a page."""

    caller: Caller
    session: Session | None  #: None where the deployment asks nobody, and on the page for signing in
    number: str  #: of the session, else of the visit: what forms go by


class Guard:
    """Knows who looks. Used from the event loop alone."""

    def __init__(self, here: Context) -> None:
        """Seal sessions by what the front ends of the pool share: its key; without one each knows its own alone."""
        self._here = here
        key = here.keys.signing
        self.sessions = Sessions(key.secret_for(Purpose.DASHBOARD) if key else secrets.token_bytes(32))
        self.asks = here.deployment.security.required

    def cookies(self, request: Request) -> Cookies:
        """Return the cookies as they have to be for this request's connection."""
        address = self._here.front_end.address
        return Cookies(self._here.pool.fqdn, secure="https" in {request.url.scheme, address.partition(":")[0]})

    async def recognise(self, request: Request) -> Looking:
        """Say who looks; a stranger if nobody knows."""
        cookies = self.cookies(request)
        if not self.asks:
            return self._noted(request, ANYBODY, None, cookies.visit_of(request.cookies))
        session = self.sessions.open(request.cookies.get(cookies.session, ""))
        caller = self._caller_of(session) if session else None
        if session is None or caller is None:
            return self._noted(request, STRANGER, None, cookies.visit_of(request.cookies))
        return self._noted(request, caller, session, session.number)

    async def admit(self, request: Request, role: Role, looking: Looking) -> None:
        """Let those pass who have a role. Raises `SignInFirst`, `NotAuthorised`."""
        if role is Role.OPEN:
            return
        if looking.caller is STRANGER:
            raise SignInFirst("nobody has signed in, or the session has ended")
        await require(request, role)

    async def sees(self, request: Request) -> frozenset[Role]:
        """Return the roles of whoever looks."""
        return frozenset([role for role in Role if await may(request, role)])

    async def read(self, request: Request, looking: Looking) -> dict[str, str]:
        """Return a form that one of our pages has sent for this session. Raises `FormRefused`, `InvalidParameter`."""
        require_same_origin(request.headers)
        form = await read_form(request, self._here.limits.idle)
        if not self.sessions.is_form_token(looking.number, form.pop(FORM_TOKEN, "")):
            raise FormRefused("the form is of another session, or out of date")
        return form

    async def sign_in(self, request: Request, token: str) -> Session:
        """Begin a session by a token. Raises `NotAuthenticated`, `TooManyAttempts`."""
        shown = await self._here.doorkeeper.sign_in(token, address_of(request.scope))
        admit(request.scope, shown.caller)
        words = (
            {} if shown.token_digest else {"groups": shown.caller.groups, "homes": tuple(sorted(shown.caller.homes))}
        )
        return self.sessions.begin(shown.caller.name, token_digest=shown.token_digest, expires=shown.expires, **words)

    def _caller_of(self, session: Session) -> Caller | None:
        if session.token_digest:
            return self._here.doorkeeper.still_known(session.token_digest)
        return caller_of_groups(session.name, session.groups, frozenset(session.homes))

    def _noted(self, request: Request, caller: Caller, session: Session | None, number: str) -> Looking:
        admit(request.scope, caller)
        return Looking(caller=caller, session=session, number=number)
