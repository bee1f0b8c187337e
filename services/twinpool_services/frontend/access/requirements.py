"""What each route asks of its caller: declared at the route, checked before anything else of it runs."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from twinpool.errors import NotAuthorised
from twinpool.security.roles import Role, is_authorised
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.frontend.access.callers import OF_CMS, Caller, caller_of
from twinpool_services.frontend.context import Context

_DATA = {Role.READ_DATA, Role.WRITE_DATA}


class Requirement:
    """A dependency that lets callers of a role pass."""

    def __init__(self, role: Role) -> None:
        """Ask for a role; for that of data, of the home that the path names, or of the CMS if it names none."""
        self.role = role

    async def __call__(self, request: Request) -> None:
        """Check one request. Raises `NotAuthorised`."""
        if self.role is Role.OPEN:
            return
        home = request.path_params.get("home", CMS_HOME) if self.role in _DATA else None
        await require(request, self.role, home)


def requirement_of(route: BaseRoute) -> Role | None:
    """Return what a route declares; None if it declares nothing, which no route may."""
    if not isinstance(route, APIRoute):
        return None
    found = [each.call.role for each in route.dependant.dependencies if isinstance(each.call, Requirement)]
    return found[0] if len(found) == 1 else None


def requires(role: Role) -> Any:
    """Declare what a route asks of its caller."""
    return Depends(Requirement(role))


async def require(request: Request, role: Role, home: str | None = None) -> None:
    """Ask for a role where only the request's body shows that it is needed. Raises `NotAuthorised`."""
    caller, context = caller_of(request.scope), request.app.state.context
    if caller.may(role, home.lower() if home else None):
        return
    if role is Role.BACKUP_SERVICE and await context.in_thread(_is_named_by_setting, context, caller):
        return
    raise refusal(caller, role, home)


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
