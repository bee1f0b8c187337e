"""The command line of the demo."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from twinpool.errors import TwinpoolError
from twinpool_services.lab.commands import BROKER_VARIABLE, checked_broker, interruptible, say_how_to_talk_to
from twinpool_services.lab.demo.report import Report
from twinpool_services.lab.demo.run import Demo, DemoOptions
from twinpool_services.lab.display import Display, display
from twinpool_services.lab.lab import Lab
from twinpool_services.lab.note import LabFailed

FAILED = 1
KEPT = Path("lab")  #: where a lab is left that is to be kept

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    content: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Replicate the files of this directory as conference files."),
    ] = None,
    users: Annotated[int, typer.Option(min=2, max=1_000_000, help="How many users both pools have together.")] = 4_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the lab running, in ./lab.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; progress on standard error.")] = False,  # noqa: FBT002
) -> None:
    """Run two pools here, kill an active front end under load, and check that nothing was lost.

    Exits with 0 only if both pools hold the same, and everything that a client was told is stored.
    """
    shown = display(to_errors=as_json)
    directory = KEPT.absolute() if keep else Path(tempfile.mkdtemp(prefix="twinpool-demo-"))
    lab = Lab(directory, shown)
    if lab.exists:
        raise LabFailed(f"there is a lab in {directory} already; end it first: twinpool lab down --erase")
    report = Report(directory=str(directory), kept=keep)
    options = DemoOptions(users=users, content=content, broker_url=checked_broker(os.environ.get(BROKER_VARIABLE)))
    with interruptible():
        _run(Demo(lab, options, shown, report), lab, shown, keep=keep)
    if as_json:
        sys.stdout.write(json.dumps(report.document(), indent=2) + "\n")
    raise typer.Exit(0 if report.is_good else FAILED)


def _run(run: Demo, lab: Lab, shown: Display, *, keep: bool) -> None:
    """Run it, say the verdict, and take the lab down unless it is to be kept."""
    began_at, came_to_end = time.monotonic(), False
    try:
        try:
            run.run()
        except TwinpoolError as error:
            run.report.failure = str(error)
        run.report.seconds = time.monotonic() - began_at
        _say_verdict(run.report, shown)
        came_to_end = True
    finally:
        if keep and came_to_end and lab.deployment_file.exists():
            say_how_to_talk_to(lab, shown)
        elif lab.exists:
            # What went wrong can be read in the logs, so they stay then.
            lab.down(erase=run.report.is_good or not came_to_end)
    if lab.exists and not keep:
        shown.say(f"Stores and logs were left in {lab.directory}")


def _say_verdict(report: Report, shown: Display) -> None:
    shown.say("\nVerdict", "bold")
    if report.failure:
        shown.say(f"  failed: {report.failure}", "bold red")
        return
    for line in report.lines():
        shown.say(line)
    if report.is_good:
        shown.say(f"  PASSED: both pools are equal and nothing was lost ({report.seconds:.0f} s)", "bold green")
    else:
        shown.say(f"  FAILED: the pools differ ({report.seconds:.0f} s)", "bold red")
