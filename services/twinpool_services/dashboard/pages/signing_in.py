"""Signing in with a token, and out again."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from twinpool.errors import NotAuthenticated, TooManyAttempts, TwinpoolError
from twinpool.security.roles import Role
from twinpool_services.dashboard.pages.page import PREFIX, Page, Visit
from twinpool_services.frontend.access.trail import say_in_detail

SIGN_IN = "/sign-in"
HINT = (
    "Paste the token as a whole. If it was lost or taken back, an administrator makes a new one: twinpool principals."
)


def sign_in_address(wanted: str) -> str:
    """Return where one signs in to see a page of ours."""
    return f"{PREFIX}{SIGN_IN}?to={quote(wanted, safe='/')}"


async def show(visit: Visit) -> Response:
    """Ask for a token."""
    if visit.looking.session is not None or not visit.guard.asks:
        return visit.go("")
    return _asked(visit, _wanted(visit.query.get("to", "")))


async def begin(visit: Visit) -> Response:
    """Take a token, and begin a session."""
    wanted = _wanted(visit.form.get("to", ""))
    try:
        session = await visit.guard.sign_in(visit.request, visit.form.get("token", "").strip())
        sealed = visit.guard.sessions.seal(session)
    except (NotAuthenticated, TooManyAttempts) as error:
        say_in_detail(visit.request.scope, str(error))
        return _asked(visit, wanted, error)
    response = RedirectResponse(wanted, HTTPStatus.SEE_OTHER)
    cookies = visit.guard.cookies(visit.request)
    cookies.set(response, cookies.session, sealed, session.latest - session.since)
    cookies.forget(response, cookies.visit)
    return response


async def nothing_here(_visit: Visit) -> Response:
    """Say that there is no such page. Raises `HTTPException` 404, to those alone who have signed in."""
    raise HTTPException(HTTPStatus.NOT_FOUND, "there is no page at this address")


async def end(visit: Visit) -> Response:
    """End the session."""
    if visit.looking.session is not None:
        visit.guard.sessions.end(visit.looking.session)
    response = visit.go(SIGN_IN)
    cookies = visit.guard.cookies(visit.request)
    cookies.forget(response, cookies.session)
    return response


def _asked(visit: Visit, wanted: str, error: TwinpoolError | None = None) -> Response:
    status = HTTPStatus.OK
    if error is not None:
        status = HTTPStatus.TOO_MANY_REQUESTS if isinstance(error, TooManyAttempts) else HTTPStatus.UNAUTHORIZED
    hint = error.hint if isinstance(error, TooManyAttempts) else HINT
    response = visit.page("sign_in.html.j2", status=status, wanted=wanted, error=error, hint=hint)
    if isinstance(error, TooManyAttempts):
        response.headers["Retry-After"] = str(int(error.retry_after) + 1)
    return response


def _wanted(shown: str) -> str:
    """Return a page of ours and no other address, whatever a link says."""
    inside = shown == PREFIX or shown.startswith(f"{PREFIX}/")
    return shown if inside and "\\" not in shown and "//" not in shown else PREFIX


PAGES = (
    Page(path=SIGN_IN, role=Role.OPEN, answer=show),
    Page(path=SIGN_IN, role=Role.OPEN, answer=begin, takes="sign_in"),
    Page(path="/sign-out", role=Role.OPEN, answer=end, takes="sign_out"),
)
