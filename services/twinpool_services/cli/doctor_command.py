"""`twinpool doctor`: looks a deployment over, and says what to do about each finding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from twinpool_services.cli.client import PEEK, Client
from twinpool_services.cli.common import Common, Format
from twinpool_services.cli.diagnosis_types import FINDING
from twinpool_services.cli.doctor_gathering import gather, parts_of
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.friendly import DeploymentOption, FormatOption
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show
from twinpool_services.cli.running import open_deployment
from twinpool_services.doctor import Finding, Seen, Severity, examine, worst

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)

EXAMPLES = """\b
Examples:
  twinpool doctor
  twinpool doctor --all
  twinpool doctor --format json

\b
Exit codes: 0 all is well, 10 something should be seen to, 11 something does not work.
Pools that are dead are told as such, and what can be seen without them is looked at.
"""

_CODES = {Severity.WARNING: ExitCode.FOUND_WARNINGS, Severity.ERROR: ExitCode.FOUND_ERRORS}


@app.command(epilog=EXAMPLES)
def doctor(
    show_all: Annotated[bool, typer.Option("--all", help="Show what is well, too.")] = False,  # noqa: FBT002
    format_: FormatOption = None,
    deployment: DeploymentOption = None,
) -> None:
    """Look over versions, clocks, brokers, queues, stores, disks, certificates, pairing, leases and orphans."""
    errors = console(to_errors=True)
    with Client(open_deployment(Common(deployment=deployment)), PEEK) as client:
        findings = examine(_gathered(client, errors))
    well = [each for each in findings if each.severity is Severity.OK]
    shown = findings if show_all or format_ is Format.JSON else [each for each in findings if each not in well]
    show([_object(each) for each in shown], format_, console())
    if format_ is None or format_ is Format.TABLE:
        _tell_advice(shown)
        errors.print(f"{len(findings)} findings, {len(well)} of them well{'' if show_all else ' (--all shows them)'}.")
    raise typer.Exit(int(_CODES.get(worst(findings), ExitCode.OK)))


def _gathered(client: Client, errors: Console) -> Seen:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("Asking front ends and brokers", total=parts_of(client.deployment))
        return gather(client, lambda _part: progress.advance(task))


def _tell_advice(findings: Sequence[Finding]) -> None:
    """Say below the table what to do, once for each advice."""
    out = console()
    advice = dict.fromkeys((each.check, each.advice) for each in findings if each.advice)
    if advice:
        out.print()
    for check, what in advice:
        out.print(f"{check}: {what}")


def _object(finding: Finding) -> CmdletObject:
    return CmdletObject(
        FINDING,
        {
            "Severity": finding.severity.value,
            "Check": finding.check,
            "Subject": finding.subject,
            "What": finding.what,
            "Evidence": finding.evidence or None,
            "Advice": finding.advice or None,
        },
    )
