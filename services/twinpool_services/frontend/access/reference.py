"""Renders docs/reference/access.md from the tables and routes that the code itself uses."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from twinpool.security.roles import (
    ADMINISTRATORS,
    ALL_HOMES,
    CMDLET_ROLES,
    DATA_CLIENTS,
    GRANTS,
    MEANINGS,
    POOLS,
    SERVER_ADMINISTRATORS,
    VIEWERS,
    Role,
)
from twinpool_services.frontend.access.requirements import requirement_of

_GENERATED = "<!-- Made by scripts/docs from the code; change it there. -->"
_GROUPS = (SERVER_ADMINISTRATORS, ADMINISTRATORS, VIEWERS, DATA_CLIENTS, POOLS)

_INTRO = """# Who may do what

Every call but those for health needs a token, whose principal belongs to groups; groups grant roles, and each cmdlet
and each operation of the API needs one. [Grant access](../how-to/grant-access.md) says how to hand tokens out.

`BackupService` is granted to further groups by `Set-CsBackupServiceConfiguration -AuthorizedUniversalGroups`, and to
principals by name with `-AuthorizedLocalAccounts`; members of RTCUniversalServerAdmins always have it. These two
settings, the documents of kind `configuration` and records written straight to the CMS need `AdministerServers`, so
that nobody grants a role to himself. Moving the CMS needs `AdministerServers` however it is asked for. Groups that are
not in this table grant nothing by themselves."""


def access_page(routes: Iterable[BaseRoute]) -> str:
    """Render the page."""
    meanings = _table(("role", "needed for"), ((f"`{role}`", meaning) for role, meaning in MEANINGS.items()))
    granted = _table(("group", *(f"`{role}`" for role in _granted())), (_grants(group) for group in _GROUPS))
    cmdlets = _table(("cmdlet", "role"), ((f"`{name}`", f"`{role}`") for name, role in sorted(CMDLET_ROLES.items())))
    operations = _table(("operation", "role"), sorted(_operations(routes)))
    homes = (
        "Data of a home: the groups marked \\* may touch every home's, the others only that of the homes which the "
        "principal names. Reading and writing what lies in the home `cms` takes `View` and `AdministerServers`."
    )
    parts = [
        _GENERATED,
        _INTRO,
        f"## Roles\n\n{meanings}",
        f"## Groups\n\n{granted}\n\n{homes}",
        f"## Cmdlets\n\n{cmdlets}",
        f"## Operations\n\n{operations}",
    ]
    return "\n\n".join(parts) + "\n"


def _granted() -> list[Role]:
    return [role for role in Role if role is not Role.OPEN]


def _grants(group: str) -> tuple[str, ...]:
    star = " \\*" if group.casefold() in ALL_HOMES else ""
    return (f"{group}{star}", *("yes" if role in GRANTS[group.casefold()] else "" for role in _granted()))


def _operations(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str]]:
    for route in routes:
        if isinstance(route, APIRoute):
            for method in sorted(route.methods or ()):
                yield f"`{method} {route.path}`", f"`{requirement_of(route)}`"


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, tuple("---" for _ in heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
