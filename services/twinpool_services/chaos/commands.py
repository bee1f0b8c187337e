"""`twinpool chaos`: break a lab by a plan, and judge by what clients were told."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.timespan import parse_timespan
from twinpool_services.chaos.history import read_history
from twinpool_services.chaos.judging import Verdict, worst
from twinpool_services.chaos.line_commands import app as lines_app
from twinpool_services.chaos.report.page import write_report
from twinpool_services.chaos.running import Runner
from twinpool_services.chaos.scenario.model import Scenario
from twinpool_services.chaos.scenario.planning import plan_of
from twinpool_services.chaos.scenario.stock import find_scenario, stock
from twinpool_services.chaos.soaking import soaked
from twinpool_services.lab import Display, interruptible, open_display

VIOLATED, NOT_RUN = 1, 3  #: exit codes: a guarantee is broken; a run did not come to a verdict
RESULTS = Path("chaos-results")

app = typer.Typer(
    help="Break a lab by a plan, and judge by what clients were told.",
    epilog="\b\nExamples:\n"
    "  twinpool chaos list\n"
    "  twinpool chaos run active-killed --seed 7\n"
    "  twinpool chaos run my-own.toml\n"
    "  twinpool chaos run --all --format json\n"
    "  twinpool chaos run random-faults --for 2h\n"
    "  twinpool chaos report chaos-results/active-killed-7\n"
    "\n\b\nExit codes: 0 all passed or were skipped, 1 something was violated, 3 a run came to no verdict.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(lines_app, name="lines")


class Format(enum.StrEnum):
    """How a result is shown."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", case_sensitive=False)]


@app.command("list")
def list_scenarios(format_: FormatOption = Format.TABLE) -> None:
    """List the scenarios that come with the product."""
    shown = open_display()
    found = stock()
    if format_ is Format.JSON:
        shown.say(json.dumps([_described(scenario) for scenario in found], indent=2))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("Scenario", "Load", "What happens"):
        table.add_column(column, no_wrap=column != "What happens")
    for scenario in found:
        table.add_row(scenario.name, f"{scenario.seconds:g} s", scenario.title)
    shown.console.print(table)


@app.command()
def run(  # noqa: PLR0917 - each of them is an option of the command
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[SCENARIO|FILE.toml]...", help="Names of the stock, or files.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run the whole stock.")] = False,  # noqa: FBT002
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same plan.")] = 1,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Soak: again and again with other seeds, as 90s, 30m, 2h."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Where histories and reports go.")] = RESULTS,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False,  # noqa: FBT002
    format_: FormatOption = Format.TABLE,
) -> None:
    """Run scenarios, each in a lab that is made for it and taken down again. A soak ends at the first violation."""
    scenarios = stock() if all_ else [find_scenario(name) for name in names or []]
    if not scenarios:
        raise InvalidParameter("name a scenario, a file, or say --all", field="SCENARIO")
    if plan:
        _show_plans(scenarios, seed)
        return
    shown = open_display(to_errors=format_ is Format.JSON)
    runner, soak = Runner(out.absolute(), shown), _seconds(for_)
    verdicts: list[Verdict] = []
    with interruptible():
        found = runner.run_all(scenarios, seed) if soak is None else soaked(runner.run_all, scenarios, seed, soak)
        for verdict in found:
            verdicts.append(verdict)
            _report(verdict, shown)
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps([_told(verdict) for verdict in verdicts], indent=2) + "\n")
    else:
        _show(verdicts, shown)
    raise typer.Exit({"violated": VIOLATED, "failed": NOT_RUN}.get(worst(tuple(verdicts)), 0))


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Of a run: chaos-results/NAME-SEED.")],
) -> None:
    """Write the report of a run anew from its history, and say where it is."""
    open_display().say(str(write_report(directory, read_history(directory))))


def _report(verdict: Verdict, shown: Display) -> None:
    if verdict.directory:  # There is one unless no lab could be had.
        directory = Path(verdict.directory)
        write_report(directory, read_history(directory))
    for violation in verdict.violations[:3]:
        shown.say(f"  ! {violation.check}: {violation.message}", "bold red")
        for line in violation.witness:
            shown.say(f"      {json.dumps(line)}")
    for failure in verdict.failures:
        shown.say(f"  ! {failure}", "red")


def _show(verdicts: Iterable[Verdict], shown: Display) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    columns = ("Scenario", "Verdict", "Writes", "Outage", "Take-overs", "RPO", "Took")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="left" if column in {"Scenario", "Verdict"} else "right")
    for one in verdicts:
        figures = one.figures
        table.add_row(
            one.scenario,
            one.word,
            str(figures.answered),
            f"{figures.outage:.1f} s",
            str(figures.take_overs),
            str(figures.rpo_writes),
            f"{one.seconds:.0f} s",
        )
    shown.console.print(table)
    for one in verdicts:
        if one.skipped:
            shown.say(f"{one.scenario} was skipped: {one.skipped}")
        elif one.directory and one.word != "passed":
            shown.say(f"Evidence of {one.scenario}: {one.directory}; again with: --seed {one.seed}")


def _show_plans(scenarios: list[Scenario], seed: int) -> None:
    plans = [plan_of(scenario, seed) for scenario in scenarios]
    document = [
        {"scenario": one.scenario.name, "seed": seed, "faults": [asdict(fault) for fault in one.faults]}
        for one in plans
    ]
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")


def _told(verdict: Verdict) -> dict[str, Any]:
    return {**asdict(verdict), "verdict": verdict.word}


def _described(scenario: Scenario) -> dict[str, Any]:
    return json.loads(json.dumps(asdict(scenario), default=str))  # type: ignore[no-any-return]


def _seconds(text: str | None) -> float | None:
    """Read a time such as 90s, 30m, 2h, or hh:mm:ss. Raises `InvalidParameter`."""
    if text is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    number, unit = text[:-1], units.get(text[-1:].lower())
    try:
        return float(number) * unit if unit else parse_timespan(text).total_seconds()
    except ValueError as error:
        raise InvalidParameter(
            f"--for {text!r:.20}: must be a time such as 90s, 30m, 2h or 00:30:00", field="for"
        ) from error
