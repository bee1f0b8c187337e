"""`twinpool verifications`: what verifications have found, while they go on and afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from twinpool_services.cli.client import Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.listing import all_at, find_at
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show, to_plain
from twinpool_services.cli.running import open_deployment
from twinpool_services.cli.verification_cmdlets import replication_object
from twinpool_services.cli.verification_types import VERIFICATION_ROW

Document = Mapping[str, Any]

app = typer.Typer(
    help="What verifications have found. `twinpool verify POOL` begins one.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

LIST_EXAMPLES = "\b\nExamples:\n  twinpool verifications list\n  twinpool verifications list pool2.lab --format json\n"
SHOW_EXAMPLES = "\b\nExamples:\n  twinpool verifications show 20261123T120000Z-3f2a1b\n"


@app.command("list", epilog=LIST_EXAMPLES)
def list_verifications(
    pool: Annotated[str, typer.Argument(metavar="[POOL]", help="Of one pool; of all if omitted.")] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """List verifications, newest first."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        pools = [client.deployment.pool(pool)] if pool else client.deployment.pools
        known, silent = all_at([each.fqdn for each in pools], client.verifications, "Verifications")
    rows = [summary_of(each) for each in known]
    if format_ is Format.JSON:
        document = {"Verifications": rows, "NotRead": silent}
        console().print(json.dumps(to_plain(document), indent=2, ensure_ascii=False))
    else:
        show([CmdletObject(VERIFICATION_ROW, row) for row in rows], format_, console())
    errors = console(to_errors=True)
    for fqdn, why in silent.items():
        errors.print(f"WARNING: {fqdn} could not be read: {why}", style="yellow")
    if not rows:
        errors.print("There are no verifications.")


@app.command("show", epilog=SHOW_EXAMPLES)
def show_verification(
    verification: Annotated[str, typer.Argument(metavar="VERIFICATION", help="Its name, as `list` shows it.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show one: what was compared, and which records differ."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        pools = [pool.fqdn for pool in client.deployment.pools]
        what = f"a verification {verification!r:.60}"
        found = find_at(pools, lambda pool: client.verification(pool, verification), what)
    show([replication_object(found)], format_, console())


def summary_of(verification: Document) -> Document:
    """Return the row of a verification."""
    modules = verification["BackupModules"]
    return {
        "Verification": verification["Verification"],
        "PoolFqdn": verification["PoolFqdn"],
        "BackupPoolFqdn": verification["BackupPoolFqdn"],
        "Result": _result_of(verification),
        "ComparedRecords": sum(row["ComparedRecords"] for row in modules),
        "Remaining": sum(row["Remaining"] for row in modules),
        "RequestedAt": verification["RequestedAt"],
        "Seconds": _seconds(verification),
    }


def _result_of(verification: Document) -> str:
    if verification["EndedAt"] is None:
        return "UnderWay"
    if verification["Clean"]:
        return "Equal"
    verdicts = {row["Verdict"] for row in verification["BackupModules"]}
    return "Different" if "Different" in verdicts or verification["MultiMasterHomes"] else "NotVerified"


def _seconds(verification: Document) -> float | None:
    if verification["BegunAt"] is None or verification["EndedAt"] is None:
        return None
    begun, ended = (datetime.fromisoformat(verification[name]) for name in ("BegunAt", "EndedAt"))
    return round((ended - begun).total_seconds(), 3)
