"""`twinpool orphans`: what a pool that came back has and nobody else, and what becomes of it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter
from twinpool_services.cli.client import Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.orphan_settling import TIMEOUT as PATIENT
from twinpool_services.cli.orphan_settling import Settling, confirmed, discard_all, os_user, replay_all
from twinpool_services.cli.orphan_types import DIFFERING_LINE, ORPHAN, ORPHAN_DETAIL, OUTCOME
from twinpool_services.cli.orphan_walk import Selection, classified, walk
from twinpool_services.cli.output import console, show, to_plain
from twinpool_services.cli.running import open_deployment

app = typer.Typer(
    help="Changes that a pool had accepted and its partner had not, when the partner took over: kept until settled.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

LIST_EXAMPLES = """\b
Examples:
  twinpool orphans list pool1.lab --undecided
  twinpool orphans list pool1.lab --classification Conflict
  twinpool orphans list pool1.lab --limit 0 --format json

\b
Classifications:
  AlreadyThere  the serving pool holds just that
  SafeToReplay  nobody has changed the record since the partner took over
  Overtaken     a later orphan of the same record stands
  Deleted       the serving pool has deleted the record since
  Conflict      the serving pool holds a newer value, or nobody can know
"""
SHOW_EXAMPLES = "\b\nExamples:\n  twinpool orphans show pool1.lab 17\n"
REPLAY_EXAMPLES = """\b
Examples:
  twinpool orphans replay pool1.lab --all-safe
  twinpool orphans replay pool1.lab 17 18 --note "asked the user"
  twinpool orphans replay pool1.lab 19 --force --yes
"""
DISCARD_EXAMPLES = """\b
Examples:
  twinpool orphans discard pool1.lab 19 --note "the newer one is right"
  twinpool orphans discard pool1.lab --all-overtaken --note "older values" --yes
"""

PoolArgument = Annotated[str, typer.Argument(metavar="POOL", help="The pool that came back; it keeps the orphans.")]
NumbersArgument = Annotated[list[int] | None, typer.Argument(metavar="NUMBER...", help="Numbers of orphans.")]
HomeOption = Annotated[str, typer.Option("--home", metavar="FQDN", help="Only orphans of this home.")]
ByOption = Annotated[str, typer.Option("--by", help="Who decides; else the user of the operating system.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list", epilog=LIST_EXAMPLES)
def list_orphans(  # noqa: PLR0913, PLR0917 - each of them is an option of the command
    pool: PoolArgument,
    home: HomeOption = "",
    module: Annotated[str, typer.Option("--module", help="Only orphans of this module.")] = "",
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those nobody decided about.")] = False,  # noqa: FBT002
    classification: Annotated[str, typer.Option(help="Only undecided ones of this classification.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Only those with higher numbers.")] = 0,
    limit: Annotated[int, typer.Option(min=0, help="Show so many at most; 0 for all.")] = 200,
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """List orphans, and what it would mean to replay each."""
    selection = Selection(home=home, module=module, undecided=undecided, classification=classified(classification))
    with Client(open_deployment(Common(deployment=deployment))) as client:
        found = walk(client, pool, selection, after=after, limit=limit)
    if format_ is Format.JSON:
        console().print(json.dumps(to_plain(found.document), indent=2, ensure_ascii=False))
        return
    rows = [{**row, "State": row["Decision"] or row["Classification"] or "?"} for row in found.orphans]
    show([CmdletObject(ORPHAN, row) for row in rows], format_, console())
    errors = console(to_errors=True)
    plural = "" if found.total == 1 else "s"
    errors.print(f"{found.total} orphan{plural}, {found.undecided} undecided.")
    if found.next is not None:
        errors.print(f"There are more: --after {found.next}, or --limit 0 for all.")
    for why in sorted({str(row["Why"]) for row in found.orphans if not (row["Decision"] or row["Classification"])}):
        errors.print(f"WARNING: not classified: {why}", style="yellow")


@app.command("show", epilog=SHOW_EXAMPLES)
def show_orphan(
    pool: PoolArgument,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="Its number, as `list` shows it.")],
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Show one orphan, and how it differs from what the serving pool holds now."""
    with Client(open_deployment(Common(deployment=deployment))) as client:
        document = client.orphan(pool, number)
    lines = document["Difference"]
    rows = [CmdletObject(DIFFERING_LINE, line) for line in lines] if isinstance(lines, list) else []
    show([CmdletObject(ORPHAN_DETAIL, {**document, "Difference": rows})], format_, console())


@app.command("replay", epilog=REPLAY_EXAMPLES)
def replay_orphans(  # noqa: PLR0913, PLR0917 - each of them is an option of the command
    pool: PoolArgument,
    numbers: NumbersArgument = None,
    all_safe: Annotated[bool, typer.Option("--all-safe", help="All that take nothing away from anybody.")] = False,  # noqa: FBT002
    home: HomeOption = "",
    force: Annotated[bool, typer.Option("--force", help="Even if that takes a newer value away.")] = False,  # noqa: FBT002
    note: Annotated[str, typer.Option("--note", help="Is kept beside the decision.")] = "",
    by: ByOption = "",
    yes: YesOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Write orphans again, in the ordinary way, where their home is served now."""
    if all_safe and force:
        raise InvalidParameter("--all-safe takes what needs no --force", field="force")
    chosen = _chosen(numbers, home, wanted=("AlreadyThere", "SafeToReplay") if all_safe else (), option="--all-safe")
    with Client(open_deployment(Common(deployment=deployment)), timeout=PATIENT) as client:
        found = chosen if isinstance(chosen, list) else chosen.numbers(client, pool)
        how = ", even where that takes a newer value away" if force else ""
        if found and confirmed(f"replay {_named(found)} of {pool}{how}", yes=yes):
            _tell(replay_all(client, pool, found, by=by or os_user(), note=note, force=force), format_)
        elif not found:
            console(to_errors=True).print("There is nothing to replay.")


@app.command("discard", epilog=DISCARD_EXAMPLES)
def discard_orphans(  # noqa: PLR0913, PLR0917 - each of them is an option of the command
    pool: PoolArgument,
    note: Annotated[str, typer.Option("--note", help="Why; is kept beside the decision.")],
    numbers: NumbersArgument = None,
    all_overtaken: Annotated[bool, typer.Option("--all-overtaken", help="All that a later orphan stands for.")] = False,  # noqa: FBT002
    home: HomeOption = "",
    by: ByOption = "",
    yes: YesOption = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Give orphans up. They stay in the ledger, with who decided it and why."""
    chosen = _chosen(numbers, home, wanted=("Overtaken",) if all_overtaken else (), option="--all-overtaken")
    with Client(open_deployment(Common(deployment=deployment))) as client:
        found = chosen if isinstance(chosen, list) else chosen.numbers(client, pool)
        if found and confirmed(f"discard {_named(found)} of {pool}", yes=yes):
            _tell(discard_all(client, pool, found, by=by or os_user(), note=note), format_)
        elif not found:
            console(to_errors=True).print("There is nothing to discard.")


def _chosen(numbers: list[int] | None, home: str, *, wanted: tuple[str, ...], option: str) -> list[int] | Selection:
    """Return the numbers that were given, or what to look for. Raises `InvalidParameter` unless it is one of them."""
    if bool(numbers) == bool(wanted):
        raise InvalidParameter(f"give numbers of orphans, or {option}", field="NUMBER")
    if numbers and home:
        raise InvalidParameter(f"--home goes with {option}", field="home")
    return list(dict.fromkeys(numbers)) if numbers else Selection(home=home, undecided=True, any_of=wanted)


def _named(numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"orphan {numbers[0]}"
    return f"{len(numbers)} orphans ({', '.join(map(str, numbers[:10]))}{', …' if len(numbers) > 10 else ''})"


def _tell(settled: Settling, format_: Format | None) -> None:
    """Show what came of it. Raises what kept some of it from being done."""
    if len(settled.rows) > 1 or settled.failure is None:
        show([CmdletObject(OUTCOME, row) for row in settled.rows], format_, console())
    if settled.failure is not None:
        raise settled.failure
