"""The cmdlets that write and read archives of user data."""

from __future__ import annotations

import shutil
from pathlib import Path

from twinpool.archive import open_archive
from twinpool.errors import InvalidParameter
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.addresses import parse_fqdn
from twinpool_services.cli.backup_cmdlets import FQDN
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import (
    CONFIRM,
    FORCE,
    SWITCH,
    TEXT,
    WHAT_IF,
    Parameter,
    ParameterType,
    choice,
    refused,
    switch,
    unused,
)
from twinpool_services.cli.user_data_transfer import Home, Selection, bring_in, export

ARCHIVE = "UserDataArchive"
IMPORTED = "UserDataImport"
CONVERTED = "UserDataConversion"


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
        by_value=True,
        help="UserDatabase: and the pool's name.",
    ),
    Parameter(name="PoolFqdn", type=FQDN, sets=frozenset({"PoolFqdn"}), help="The pool whose users they are."),
    Parameter(name="UserFilter", type=NAMES, default=(), help="Only these users, without sip:."),
    Parameter(name="ConfDirectoryFilter", type=NAMES, default=(), help="Only these conferences."),
    refused("LegacyFormat", SWITCH, "there is one format; leave -LegacyFormat out"),
    refused("UserFileFilter", TEXT, "name the users with -UserFilter"),
    unused("DomainController", TEXT, "there is no directory to be asked"),
    FORCE,
)
_SQL = "a pool's store is not read past its front ends; give -PoolFqdn"
_NO_ROUTING_GROUPS = refused("RoutingGroupFilter", TEXT, "there are no routing groups; leave it out")


def _pool(bound: Bound) -> str:
    pool = bound["PoolFqdn"] or bound["Identity"]
    if not isinstance(pool, str):
        raise InvalidParameter("give -PoolFqdn or -Identity", field="PoolFqdn")
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


def update_user_data(client: Client, bound: Bound) -> Outcome:
    """Bring in what users have lost, while they go on; the same as an import, for nothing has to stop for that."""
    pool = bound["TargetPoolFqdn"] or (len(client.deployment.pools) == 1 and client.deployment.pools[0].fqdn)
    if not isinstance(pool, str):
        raise InvalidParameter("give -TargetPoolFqdn: there are several pools", field="TargetPoolFqdn")
    given = {"FileName": bound["FileName"], "PoolFqdn": pool, "UserFilter": bound["UserFilter"]}
    given["WhatIf"] = bound.flag("TestMode") or bound.flag("WhatIf")
    return import_user_data(client, Bound(given, {"Identity": None, "ConfDirectoryFilter": ()}))


def convert_user_data(_client: Client, bound: Bound) -> Outcome:
    """Verify an archive and write it again under another name. Raises what `open_archive` does."""
    source, target = Path(bound.text("InputFile")), Path(bound.text("OutputFile"))
    if bound.text("TargetVersion") != "Current":
        raise InvalidParameter("-TargetVersion Lync2010: there is one format, the current one", field="TargetVersion")
    if target.exists() and not bound.flag("Force"):
        raise InvalidParameter(f"there is a file {target}; -Force writes over it", field="OutputFile")
    archive = open_archive(source)
    try:
        archive.verify(load_modules())
    finally:
        archive.close()
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise InvalidParameter(f"{target} cannot be written: {error}", field="OutputFile") from error
    return Outcome(objects=(CmdletObject(CONVERTED, {"InputFile": str(source), "OutputFile": str(target)}),))


CMDLETS = (
    Cmdlet(
        name="Update-CsUserData",
        synopsis="Restores from an archive what users have lost, while they are signed in; deletes nothing.",
        parameters=(
            Parameter(name="FileName", type=TEXT, mandatory=True, position=0, help="The archive."),
            Parameter(name="UserFilter", type=NAMES, default=(), help="Only these users, without sip:."),
            Parameter(name="TargetPoolFqdn", type=FQDN, help="The pool; may be omitted if there is one alone."),
            switch("TestMode", "Verify the archive and say what would be written."),
            _NO_ROUTING_GROUPS,
            refused("UserFileFilter", TEXT, "name the users with -UserFilter"),
            unused("ThreadCount", TEXT, "the front end decides how many commits it shares"),
            unused("DomainController", TEXT, "there is no directory to be asked"),
            FORCE,
            CONFIRM,
            WHAT_IF,
        ),
        run=update_user_data,
        action=lambda bound: f"write what users have lost from {bound.text('FileName')}",
        examples=("Update-CsUserData -FileName pool1.zip -UserFilter ada@example.com -TargetPoolFqdn pool1.lab",),
    ),
    Cmdlet(
        name="Convert-CsUserData",
        synopsis="Verifies an archive and writes it again; there is one format, so nothing in it changes.",
        parameters=(
            Parameter(name="InputFile", type=TEXT, mandatory=True, help="The archive."),
            Parameter(name="OutputFile", type=TEXT, mandatory=True, help="Where it is written."),
            Parameter(
                name="TargetVersion",
                type=choice("Lync2010|Current", "Lync2010", "Current"),
                mandatory=True,
                help="Current; Lync2010 is refused.",
            ),
            refused("ConfDirectoryFilter", TEXT, "choose when the archive is exported or imported"),
            refused("UserFilter", TEXT, "choose when the archive is exported or imported"),
            FORCE,
        ),
        run=convert_user_data,
        examples=("Convert-CsUserData -InputFile pool1.zip -OutputFile copy.zip -TargetVersion Current",),
    ),
    Cmdlet(
        name="Export-CsUserData",
        synopsis="Writes the user data of a pool, as of one position of each module, to a portable archive.",
        parameters=(*COMMON, refused("SqlInstanceName", TEXT, _SQL), refused("DbName", TEXT, _SQL)),
        run=export_user_data,
        examples=("Export-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip",),
    ),
    Cmdlet(
        name="Import-CsUserData",
        synopsis="Verifies an archive and writes what a pool has not or has otherwise; deletes nothing.",
        parameters=(*COMMON, _NO_ROUTING_GROUPS, WHAT_IF),
        run=import_user_data,
        examples=(
            "Import-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip -WhatIf",
            "Import-CsUserData -PoolFqdn pool1.lab -FileName pool1.zip -UserFilter ada@example.com",
        ),
    ),
)
