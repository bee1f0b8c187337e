"""The command line of experiments: `twinpool load experiment`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool_services.lab import interruptible, open_display
from twinpool_services.load.experiments.definition import load_experiment, stock
from twinpool_services.load.experiments.page import table_of, write_page
from twinpool_services.load.experiments.running import run_experiment
from twinpool_services.load.keeping import new_directory
from twinpool_services.load.options import Format, FormatOption, print_json
from twinpool_services.load.tables import has_extra, writer_of
from twinpool_services.measuring.machine import machine, versions

RESULT = "experiment.json"

app = typer.Typer(
    help="Runs that answer one question.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


EXAMPLES = """\b
Examples:
  twinpool load experiment run broker-outage
  twinpool load experiment run stores --rounds 1 --format json
  twinpool load experiment run my-question.toml --page docs/my-question.md
"""


@app.command("list")
def list_experiments(format_: FormatOption = Format.TABLE) -> None:
    """List the experiments that come with twinpool."""
    experiments = stock()
    if format_ is Format.JSON:
        print_json({name: experiment.model_dump(mode="json") for name, experiment in experiments.items()})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("Experiment", "Variants", "Load s", "Question"):
        table.add_column(title, justify="right" if title in {"Variants", "Load s"} else "left")
    for name, experiment in experiments.items():
        table.add_row(name, str(len(experiment.variant)), f"{experiment.seconds:,.0f}", experiment.question)
    open_display().console.print(table)


@app.command("run", epilog=EXAMPLES)
def run(
    name: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A name that `list` shows, or a .toml file.")],
    rounds: Annotated[int, typer.Option(min=1, help="How often each variant takes its turn; medians are shown.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Where the runs go; else load-runs/EXPERIMENT-TIME.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page about it, in Markdown.")] = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Run each variant in a new lab, in turns, and put them beside each other.

    Each run is kept as by `twinpool load run`. Exit code 130 after Ctrl-C: what was started is stopped.
    """
    experiment = load_experiment(name)
    kind = "parquet" if has_extra("pyarrow") else "csv"
    writer_of(kind)
    shown = open_display(to_errors=format_ is Format.JSON)
    directory = new_directory(out, name)
    with interruptible():
        outcomes = run_experiment(experiment, rounds=rounds, directory=directory, tables=kind, shown=shown)
    document: dict[str, Any] = {
        "experiment": Path(name).stem,
        "question": experiment.question,
        "rounds": rounds,
        "variants": [{"name": each.name, "medians": each.medians, "rounds": each.rounds} for each in outcomes],
        "machine": dict(machine()),
        "versions": versions(),
    }
    (directory / RESULT).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if page is not None:
        write_page(page, Path(name).stem, experiment, outcomes, machine())
    if format_ is Format.JSON:
        print_json({**document, "directory": str(directory)})
        return
    titles, *rows = table_of(outcomes)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, justify="right" if title else "left")
    for row in rows:
        table.add_row(*row)
    shown.say(f"\n{experiment.question}", "bold")
    shown.console.print(table)
    shown.say(f"The runs are in {directory}")
