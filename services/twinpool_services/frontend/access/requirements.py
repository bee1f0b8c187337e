"""What each route asks of its caller: declared at the route, checked before anything else of it runs."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from twinpool.errors import NotAuthorised
from twinpool.security.roles import POOLS, Role, is_authorised
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.frontend.access.callers import OF_CMS, Caller, caller_of
from twinpool_services.frontend.access.trail import is_to_be_noted, say_in_detail
from twinpool_services.frontend.context import Context

_DATA = {Role.READ_DATA, Role.WRITE_DATA}


class Requirement:
    """A dependency that lets callers of a role pass."""

    def __init__(self, role: Role, *, audited: bool | None = None) -> None:
        """Ask for a role; for that of data, of the home that the path names, or of the CMS if it names none.

        Calls are noted in the audit log if they change anything and it is no data; `audited` says otherwise.
        """
        self.role, self._audited = role, audited

    async def __call__(self, request: Request) -> None:
        """Check one request. Raises `NotAuthorised`."""
        if self.role is Role.OPEN:
            return
        if self._is_audited(request):
            is_to_be_noted(request.scope, request.scope["route"].name)
        home = request.path_params.get("home", CMS_HOME) if self.role in _DATA else None
        await require(request, self.role, home)

    def _is_audited(self, request: Request) -> bool:
        if self._audited is not None:
            return self._audited
        if self.role in _DATA or self.role is Role.METRICS:
            return False
        if request.method != "GET":
            return True
        # What front ends ask each other, several times a second while somebody looks, is nobody's deed.
        by_a_pool = POOLS in caller_of(request.scope).groups
        return bool(request.app.state.context.deployment.security.audit_reads) and not by_a_pool


def requirement_of(route: BaseRoute) -> Role | None:
    """Return what a route declares; None if it declares nothing, which no route may."""
    if not isinstance(route, APIRoute):
        return None
    found = [each.call.role for each in route.dependant.dependencies if isinstance(each.call, Requirement)]
    return found[0] if len(found) == 1 else None


def requires(role: Role, *, audited: bool | None = None) -> Any:
    """Declare what a route asks of its caller, and whether its calls are audited if that is not plain."""
    return Depends(Requirement(role, audited=audited))


async def require(request: Request, role: Role, home: str | None = None) -> None:
    """Ask for a role where only the request's body shows that it is needed. Raises `NotAuthorised`."""
    if await may(request, role, home):
        return
    error = refusal(caller_of(request.scope), role, home)
    say_in_detail(request.scope, str(error))
    raise error


async def may(request: Request, role: Role, home: str | None = None) -> bool:
    """Say whether whoever makes a request has a role."""
    caller, context = caller_of(request.scope), request.app.state.context
    if caller.may(role, home.lower() if home else None):
        return True
    return role is Role.BACKUP_SERVICE and await context.in_thread(_is_named_by_setting, context, caller)


def refusal(caller: Caller, role: Role, home: str | None = None) -> NotAuthorised:
    """Say what a caller lacks."""
    if home is not None and home.lower() == CMS_HOME:
        return NotAuthorised(f"{caller.name} lacks the role {OF_CMS.get(role, role)}, which the CMS takes")
    if role in caller.roles and home is not None:
        return NotAuthorised(f"{caller.name} may not touch the data of {home!r:.80}")
    error = NotAuthorised(f"{caller.name} lacks the role {role}")
    if role is Role.BACKUP_SERVICE:
        error.hint = (
            "By default RTCUniversalServerAdmins alone may call the backup service; one of them can admit another "
            "group: Set-CsBackupServiceConfiguration -AuthorizedUniversalGroups GROUP."
        )
    return error


def _is_named_by_setting(context: Context, caller: Caller) -> bool:
    """Ask the configuration of the backup service whom else it admits. Blocks."""
    known = context.configuration()
    return is_authorised(caller.groups, known.authorized_universal_groups) or is_authorised(
        (caller.name,), known.authorized_local_accounts
    )
