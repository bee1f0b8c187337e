"""`twinpool receipts`: what failovers and failbacks came to, read back from both pools."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.cli.client import Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.failover_running import receipt_object
from twinpool_services.cli.failover_types import RECEIPT_ROW
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show, to_plain
from twinpool_services.cli.receipts import find_operation, operations_at, receipt_of
from twinpool_services.cli.running import open_deployment
from twinpool_services.moving import summary_of

app = typer.Typer(
    help="The measured records of failovers and failbacks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

LIST_EXAMPLES = "\b\nExamples:\n  twinpool receipts list\n  twinpool receipts list pool1.lab --format json\n"
SHOW_EXAMPLES = "\b\nExamples:\n  twinpool receipts show 20261123T120000Z-3f2a1b\n"


@app.command("list", epilog=LIST_EXAMPLES)
def list_receipts(
    pool: Annotated[str, typer.Argument(metavar="[POOL]", help="Of one pool's users, or of cms; all if omitted.")] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """List them, newest first."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        home = pool if pool.casefold() == CMS_HOME or not pool else client.deployment.pool(pool).fqdn
        found = operations_at(client, (each.fqdn for each in client.deployment.pools), home)
    rows = [summary_of(operation) for operation in found.operations]
    if format_ is Format.JSON:
        console().print(json.dumps(to_plain({"Receipts": rows, "NotRead": found.silent}), indent=2, ensure_ascii=False))
    else:
        show([CmdletObject(RECEIPT_ROW, row) for row in rows], format_, console())
    errors = console(to_errors=True)
    for fqdn, why in found.silent.items():
        errors.print(f"WARNING: {fqdn} could not be read: {why}", style="yellow")
    if not rows:
        errors.print("There are no receipts.")


@app.command("show", epilog=SHOW_EXAMPLES)
def show_receipt(
    receipt: Annotated[str, typer.Argument(metavar="RECEIPT", help="Its name, as `list` shows it.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show one: times, positions on both sides, what was lost, and whether both pools tell the same."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        found = receipt_of(client, find_operation(client, receipt))
    show([receipt_object(found)], format_, console())
    for line in found["NotRead"]:
        console(to_errors=True).print(f"WARNING: could not be read: {line}", style="yellow")
