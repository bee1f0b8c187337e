"""The cmdlets that write and read archives of user data."""

from __future__ import annotations

from pathlib import Path

from twinpool.archive import open_archive
from twinpool.errors import InvalidParameter
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool_services.cli.backup_cmdlets import FQDN
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import FORCE, TEXT, WHAT_IF, Parameter, ParameterType, switch
from twinpool_services.cli.user_data_transfer import Home, Selection, bring_in, export

ARCHIVE = "UserDataArchive"
IMPORTED = "UserDataImport"


def read_identity(text: str) -> str:
    """Read the identity of a user database."""
    kind, mark, name = text.rpartition(":")
    if mark and kind.casefold() != "userdatabase":
        raise ValueError("must be UserDatabase: and a pool's name")
    return parse_fqdn(name)


def read_names(text: str) -> tuple[str, ...]:
    """Read names parted by commas; a user may be named with or without `sip:`."""
    return tuple(name.strip().removeprefix("sip:") for name in text.split(",") if name.strip())


NAMES = ParameterType(label="String[]", read=read_names, is_list=True)
COMMON = (
    Parameter(name="FileName", type=TEXT, mandatory=True, help="The archive."),
    Parameter(
        name="Identity",
        type=ParameterType(label="XdsIdentity", read=read_identity),
        sets=frozenset({"Identity"}),
        help="UserDatabase: and the pool's name.",
    ),
    Parameter(name="PoolFqdn", type=FQDN, sets=frozenset({"PoolFqdn"}), help="The pool whose users they are."),
    Parameter(name="UserFilter", type=NAMES, default=(), help="Only these users, without sip:."),
    Parameter(name="ConfDirectoryFilter", type=NAMES, default=(), help="Only these conferences."),
    switch("LegacyFormat", "Refused: there is one format."),
    Parameter(name="DomainController", type=TEXT, help="Accepted for scripts."),
    FORCE,
)


def _pool(bound: Bound) -> str:
    pool = bound["PoolFqdn"] or bound["Identity"]
    if not isinstance(pool, str):
        raise InvalidParameter("give -PoolFqdn or -Identity", field="PoolFqdn")
    if bound.flag("LegacyFormat"):
        raise InvalidParameter("there is one format; leave -LegacyFormat out", field="LegacyFormat")
    return pool


def _selection(bound: Bound) -> Selection:
    users, conferences = bound["UserFilter"], bound["ConfDirectoryFilter"]
    return Selection(users if isinstance(users, tuple) else (), conferences if isinstance(conferences, tuple) else ())


def export_user_data(client: Client, bound: Bound) -> Outcome:
    """Write an archive."""
    pool, path = _pool(bound), Path(bound.text("FileName"))
    if not path.absolute().parent.is_dir():
        raise InvalidParameter(f"there is no folder {path.absolute().parent}", field="FileName")
    with Home(client, pool) as home:
        parts, content = export(home, path, _selection(bound), client.deployment.name)
    records = sum(part.records for part in parts)
    positions = [f"{part.module} at {part.position}" for part in parts]
    shown = {"FileName": str(path), "PoolFqdn": home.home, "Records": records, "Content": content}
    return Outcome(objects=(CmdletObject(ARCHIVE, {**shown, "Positions": positions}),))


def import_user_data(client: Client, bound: Bound) -> Outcome:
    """Verify an archive, then write what the pool has not; with -WhatIf only say what that would be."""
    pool, write = _pool(bound), not bound.flag("WhatIf")
    archive = open_archive(Path(bound.text("FileName")))
    try:
        archive.verify(load_modules())
        with Home(client, pool) as home:
            tallies = bring_in(home, archive, _selection(bound), write=write)
    finally:
        archive.close()
    return Outcome(
        objects=tuple(
            CmdletObject(
                IMPORTED,
                {
                    "PoolFqdn": home.home,
                    "BackupModule": tally.module,
                    "New": tally.new,
                    "Replaced": tally.replaced,
                    "Equal": tally.equal,
                    "Content": len(tally.content),
                    "Written": write,
                },
            )
            for tally in tallies
        )
    )


CMDLETS = (
    Cmdlet(
        name="Export-CsUserData",
        synopsis="Writes the user data of a pool, as of one position of each module, to a portable archive.",
        parameters=COMMON,
        run=export_user_data,
        examples=("Export-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip",),
    ),
    Cmdlet(
        name="Import-CsUserData",
        synopsis="Verifies an archive and writes what a pool has not or has otherwise; deletes nothing.",
        parameters=(*COMMON, WHAT_IF),
        run=import_user_data,
        examples=(
            "Import-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip -WhatIf",
            "Import-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip -UserFilter ada@example.com",
        ),
    ),
)
