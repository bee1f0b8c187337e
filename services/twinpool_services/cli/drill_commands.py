"""`twinpool drill`: rehearse a disaster failover on a throw-away copy, and read what drills have shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from twinpool.errors import PoolUnreachable, Transient, TwinpoolError
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.cli.client import Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.drill_types import DRILL, DRILL_ROW, LAP, PROBED
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.listing import all_at, find_at
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show, to_plain
from twinpool_services.cli.running import open_deployment
from twinpool_services.moving import Move, ask_both, cms_move, partner_of

LOOK = 0.25  #: seconds between two looks how far it is
PATIENCE = 240  #: looks in a row that may fail before we give up; the drill does not
STEPS = ("Requested", "Copying", "Rehearsing", "Done")

Document = Mapping[str, Any]

app = typer.Typer(
    help="Rehearse a disaster on a throw-away copy of the backup pool's store; production is left as it is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

DISASTER_EXAMPLES = "\b\nExamples:\n  twinpool drill disaster pool1.lab\n  twinpool drill disaster cms --format json\n"
LIST_EXAMPLES = "\b\nExamples:\n  twinpool drill list\n  twinpool drill list pool2.lab --format json\n"
SHOW_EXAMPLES = "\b\nExamples:\n  twinpool drill show 20261123T120000Z-3f2a1b\n"


class CouldNotServe(TwinpoolError):
    """The copy could not have served the users."""

    hint = "See the complaints: repair the records with `twinpool verify POOL --resync`, and rehearse again."


class NotPlayed(TwinpoolError):
    """The drill could not be played."""

    hint = "Cure the reason, and ask for another drill."


@app.command("disaster", epilog=DISASTER_EXAMPLES)
def disaster(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="The pool that is lost in the rehearsal, or cms.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Rehearse that the backup pool takes over alone: copy, promote, read everything, write, throw away.

    Ctrl-C ends the watching, not the drill.
    """
    with Client(open_deployment(Common(deployment=deployment))) as client:
        home, target = _lost(client, pool)
        drill = _followed(client, client.begin_drill(target, home))
    show([drill_object(drill)], format_, console())
    if drill["Step"] == "Failed":
        raise NotPlayed(f"{drill['Drill']} could not be played: {drill['Reason']}")
    if not drill["Passed"]:
        raise CouldNotServe(f"{target} could not have served {home}: {len(drill['Complaints'])} complaints")


@app.command("list", epilog=LIST_EXAMPLES)
def list_drills(
    pool: Annotated[str, typer.Argument(metavar="[POOL]", help="Of the copies of one pool; of all if omitted.")] = "",
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """List what drills have shown, newest first."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        pools = [client.deployment.pool(pool)] if pool else client.deployment.pools
        drills, silent = all_at([each.fqdn for each in pools], client.drills, "Drills")
    rows = [summary_of(drill) for drill in drills]
    if format_ is Format.JSON:
        console().print(json.dumps(to_plain({"Drills": rows, "NotRead": silent}), indent=2, ensure_ascii=False))
    else:
        show([CmdletObject(DRILL_ROW, row) for row in rows], format_, console())
    errors = console(to_errors=True)
    for fqdn, why in silent.items():
        errors.print(f"WARNING: {fqdn} could not be read: {why}", style="yellow")
    if not rows:
        errors.print("There are no drills.")


@app.command("show", epilog=SHOW_EXAMPLES)
def show_drill(
    drill: Annotated[str, typer.Argument(metavar="DRILL", help="Its name, as `list` shows it.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show one: what was read, how long each step took, and what a disaster would have lost at that moment."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        found = _find(client, drill)
    show([drill_object(found)], format_, console())


def drill_object(drill: Document) -> CmdletObject:
    """Return a drill as an object, with a row for each module and each step."""
    shown = {
        **drill,
        **summary_of(drill),
        "SecondsUnheard": _worst(drill, "SecondsUnheard"),
        "BackupModules": [CmdletObject(PROBED, row) for row in drill["BackupModules"]],
        "Laps": [CmdletObject(LAP, row) for row in drill["Laps"]],
    }
    return CmdletObject(DRILL, shown)


def summary_of(drill: Document) -> dict[str, object]:
    """Return what stands in one row of a list."""
    return {
        "Drill": drill["Drill"],
        "Home": drill["Home"],
        "PoolFqdn": drill["PoolFqdn"],
        "Result": result_of(drill),
        "Seconds": _seconds(drill),
        "MissingChanges": _missing(drill),
    }


def result_of(drill: Document) -> str:
    """Say in a word what a drill has shown."""
    if not drill["Ended"]:
        return str(drill["Step"])
    if drill["Step"] == "Failed":
        return "NotPlayed"
    return "CouldServe" if drill["Passed"] else "CouldNotServe"


def _lost(client: Client, pool: str) -> tuple[str, str]:
    """Return the home that is lost, and the pool that does not serve it now and would take it over."""
    if pool.casefold() == CMS_HOME:
        move: Move = cms_move(client)[0]
        return move.home, move.target
    fqdn, partner = client.deployment.pool(pool).fqdn, partner_of(client, pool)
    newest = ask_both(client, fqdn, (fqdn, partner)).newest
    if newest is None:
        raise PoolUnreachable(f"neither {fqdn} nor {partner} answers")
    return fqdn, fqdn if newest["ServingPool"] == partner else partner


def _followed(client: Client, drill: Document) -> Document:
    """Look until it is over. Raises `PoolUnreachable` when nobody has answered for a minute."""
    pool, identity = str(drill["PoolFqdn"]), str(drill["Drill"])
    errors = console(to_errors=True)
    pause = threading.Event()  # never set: an interruption ends the wait
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        bar = shown.add_task(identity, total=len(STEPS))
        while not drill["Ended"]:
            shown.update(bar, completed=STEPS.index(drill["Step"]) + 1, description=f"{identity}: {drill['Step']}")
            pause.wait(LOOK)
            try:
                drill, failed = client.drill(pool, identity), 0
            except Transient as error:
                failed += 1
                if failed >= PATIENCE:
                    raise PoolUnreachable(f"drill {identity} cannot be followed any more: {error}") from error
    return drill


def _find(client: Client, identity: str) -> Document:
    pools = [pool.fqdn for pool in client.deployment.pools]
    return find_at(pools, lambda pool: client.drill(pool, identity), f"a drill {identity!r:.60}")


def _missing(drill: Document) -> int | None:
    """Say how many changes a disaster would have lost as far as was known; None if nobody could tell."""
    told = [row["MissingChanges"] for row in (drill["Plan"] or {}).get("BackupModules", [])]
    return None if not told or None in told else sum(told)


def _worst(drill: Document, name: str) -> float | None:
    told = [row[name] for row in (drill["Plan"] or {}).get("BackupModules", []) if row[name] is not None]
    return max(told, default=None)


def _seconds(drill: Document) -> float | None:
    if drill["BegunAt"] is None or drill["EndedAt"] is None:
        return None
    begun, ended = (datetime.fromisoformat(drill[name]) for name in ("BegunAt", "EndedAt"))
    return round((ended - begun).total_seconds(), 3)
