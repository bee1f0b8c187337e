"""`twinpool failover`: what would be lost, have it done, see how it stands, follow it, abort it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter, PoolUnreachable, Refused
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.cli.binding import bind_texts
from twinpool_services.cli.client import Client
from twinpool_services.cli.cmdlets import CMDLETS
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.failover_confirming import plan_object
from twinpool_services.cli.failover_following import follow
from twinpool_services.cli.failover_running import finish
from twinpool_services.cli.failover_types import RECEIPT_ROW, STANDING
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show, to_plain
from twinpool_services.cli.receipts import Document, find_operation, newest_of_home
from twinpool_services.cli.running import open_deployment, run_bound
from twinpool_services.moving import Move, ask_both, cms_move, failover_from, summary_of

app = typer.Typer(
    help="Move a pool's users, or the Central Management store (`cms`), to the backup pool.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

PLAN_EXAMPLES = "\b\nExamples:\n  twinpool failover plan pool1.lab\n  twinpool failover plan pool1.lab --format json\n"
EXECUTE_EXAMPLES = """\b
Examples:
  twinpool failover execute pool1.lab
  twinpool failover execute --plan 3f2a... pool1.lab
  twinpool failover execute cms
"""
STATUS_EXAMPLES = "\b\nExamples:\n  twinpool failover status\n  twinpool failover status pool1.lab --format json\n"

PoolArgument = Annotated[
    str, typer.Argument(metavar="POOL", help="The pool that is failed over from, or cms for the store.")
]
WhichArgument = Annotated[
    str, typer.Argument(metavar="POOL|ID", help="The newest one of a pool's users or of cms; or one by its name.")
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print each step with its time, as it happens.")]


@app.command("plan", epilog=PLAN_EXAMPLES)
def plan(pool: PoolArgument, format_: FormatOption = None, deployment: DeploymentOption = None) -> None:
    """Say what would be missing if the backup pool took over now, alone; nothing is moved."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        move = _move(client, pool)
        found = client.failover_plan(move.target, move.home)
    show([plan_object(found)], format_, console())


@app.command("execute", epilog=EXECUTE_EXAMPLES)
def execute(  # noqa: PLR0917 - each of them is an option of the command
    pool: PoolArgument,
    plan_token: Annotated[str, typer.Option("--plan", metavar="TOKEN", help="A disaster, by this plan.")] = "",
    wait: Annotated[str, typer.Option(help="How long the backlog may take, as hh:mm:ss.")] = "",
    skip_verification: Annotated[bool, typer.Option("--skip-verification", help="Do not compare first.")] = False,  # noqa: FBT002
    verbose: VerboseOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Move it: planned, without loss; or by a plan, after a disaster (Invoke-CsPoolFailover)."""
    texts = {"Verbose": str(verbose)} | ({"PlanToken": plan_token} if plan_token else {})
    if pool.casefold() == CMS_HOME:
        if wait or skip_verification:
            raise InvalidParameter("--wait and --skip-verification are for pools", field="wait")
        cmdlet = CMDLETS["Invoke-CsManagementServerFailover"]
        texts |= {"Force": str(bool(plan_token))}
    else:
        cmdlet = CMDLETS["Invoke-CsPoolFailover"]
        texts |= {
            "PoolFqdn": pool,
            "DisasterMode": str(bool(plan_token)),
            "SkipDataVerification": str(skip_verification),
        }
        texts |= {"WaitTime": wait} if wait else {}
    run_bound(cmdlet, bind_texts(cmdlet, texts), Common(format=format_, deployment=deployment))


@app.command("status", epilog=STATUS_EXAMPLES)
def status(
    pool: Annotated[
        str, typer.Argument(metavar="[POOL]", help="One pool's users, or cms; everything if omitted.")
    ] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show how both pools stand to a home, and the newest operation."""
    errors = console(to_errors=True)
    standings: list[Document] = []
    newest: list[Document] = []
    silent: dict[str, str] = {}
    with Client(open_deployment(Common(deployment=deployment))) as client:
        homes = [pool.lower()] if pool else [*(each.fqdn for each in client.deployment.pools), CMS_HOME]
        for home in homes:
            told = ask_both(client, home, _pools_of(client, home))
            standings += told.standings.values()
            silent |= told.silent
            known = [each["Failover"] for each in told.standings.values() if each["Failover"]]
            newest += sorted(known, key=lambda each: str(each["Steps"][0]["At"]))[-1:]
    if not standings:
        raise PoolUnreachable("; ".join(silent.values()))
    if format_ is Format.JSON:
        document = {"Standings": standings, "Failovers": newest, "NotRead": silent}
        console().print(json.dumps(to_plain(document), indent=2, ensure_ascii=False))
    else:
        rows = [CmdletObject(STANDING, row) for row in standings]
        show([*rows, *(CmdletObject(RECEIPT_ROW, summary_of(each)) for each in newest)], format_, console())
    for fqdn, why in silent.items():
        errors.print(f"WARNING: {fqdn} could not be read: {why}", style="yellow")
    for row in standings:
        if row["Doubt"]:
            errors.print(
                f"WARNING: {row['PoolFqdn']} takes no writes for {row['Home']}: {row['Doubt']}", style="yellow"
            )


@app.command("resume")
def resume(
    which: WhichArgument,
    verbose: VerboseOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Follow an operation that is under way to its end; any active front end of the target takes it up by itself."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        operation = _operation(client, which)
        if operation["Ended"]:
            raise Refused(f"{operation['Failover']} of {operation['Home']} has ended: it is {operation['Step']}")
        outcome = finish(client, operation, verbose=verbose)
    show(outcome.objects, format_, console())
    if outcome.failure is not None:
        raise outcome.failure


@app.command("abort")
def abort(
    which: WhichArgument,
    reason: Annotated[str, typer.Option(help="Is kept with the operation.")] = "",
    deployment: DeploymentOption = None,
) -> None:
    """Let an operation come to nothing, the source writing again; refused once it can only go forward."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        operation = _operation(client, which)
        target, identity = str(operation["TargetPoolFqdn"]), str(operation["Failover"])
        ended = follow(client, client.abort_failover(target, identity, reason), verbose=False)
    if ended["Step"] != "aborted":
        raise Refused(f"{identity} could not be aborted any more: {target} serves {ended['Home']}")
    console(to_errors=True).print(f"{identity} is aborted: {ended['SourcePoolFqdn']} serves {ended['Home']}.")


def _move(client: Client, pool: str) -> Move:
    return cms_move(client)[0] if pool.casefold() == CMS_HOME else failover_from(client, pool, disaster=True)[0]


def _pools_of(client: Client, home: str) -> tuple[str, ...]:
    """Return the pools between which a home moves. Raises `NotFound`."""
    if home == CMS_HOME:
        return client.cms_pools
    fqdn = client.deployment.pool(home).fqdn
    return (fqdn, *filter(None, [client.deployment.partner_of(fqdn)]))


def _operation(client: Client, which: str) -> Document:
    """Find an operation by the pool's name, or by its own. Raises `NotFound`, `PoolUnreachable`."""
    if which.casefold() == CMS_HOME or which.casefold() in {pool.fqdn for pool in client.deployment.pools}:
        home = which.casefold()
        return newest_of_home(client, home, _pools_of(client, home))
    return find_operation(client, which)
