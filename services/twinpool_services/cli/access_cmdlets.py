"""The cmdlet that tells which group may run which cmdlets, as runbooks ask before they begin."""

from __future__ import annotations

import fnmatch

from twinpool.security.roles import (
    ADMINISTRATORS,
    CMDLET_ROLES,
    DATA_CLIENTS,
    SERVER_ADMINISTRATORS,
    VIEWERS,
    Role,
    roles_of,
)
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import FORCE, SWITCH, TEXT, Parameter, unused

ADMIN_ROLE = "AdminRole"
GROUPS = (SERVER_ADMINISTRATORS, ADMINISTRATORS, VIEWERS, DATA_CLIENTS)


def get_admin_role(_client: Client, bound: Bound) -> Outcome:
    """Get what each group may run by the table of roles; what a setting grants besides is not in it."""
    wanted = str(bound["Identity"] or bound["Filter"] or "*").casefold()
    found = [group for group in GROUPS if fnmatch.fnmatchcase(group.casefold(), wanted)]
    warnings = () if found else (f"There is no group {wanted!r:.80}; there are {', '.join(GROUPS)}.",)
    return Outcome(objects=tuple(CmdletObject(ADMIN_ROLE, _row(group)) for group in found), warnings=warnings)


def _row(group: str) -> dict[str, object]:
    roles = roles_of([group])
    return {
        "Identity": group,
        "Roles": sorted(role.value for role in roles),
        "Cmdlets": [name for name, role in sorted(CMDLET_ROLES.items()) if role in {Role.OPEN, *roles}],
    }


CMDLETS = (
    Cmdlet(
        name="Get-CsAdminRole",
        synopsis="Shows which cmdlets the members of each group may run by default; asks no server.",
        parameters=(
            Parameter(
                name="Identity",
                type=TEXT,
                sets=frozenset({"Identity"}),
                position=0,
                by_value=True,
                help="A group.",
            ),
            Parameter(name="Filter", type=TEXT, sets=frozenset({"Filter"}), help="Name; wildcards are allowed."),
            unused("LocalStore", SWITCH, "the table of roles is part of the program"),
            FORCE,
        ),
        run=get_admin_role,
        examples=(
            "Get-CsAdminRole CSAdministrator",
            "Get-CsAdminRole -Filter *View*",
        ),
    ),
)
