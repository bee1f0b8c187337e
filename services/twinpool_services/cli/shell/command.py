"""`twinpool shell`: at a terminal, or with a script from a file, from standard input or from the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter
from twinpool_services.cli.friendly import DeploymentOption
from twinpool_services.cli.shell.scope import CONTINUE, PREFERENCE
from twinpool_services.cli.shell.session import Session, run_to_end

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

EXAMPLES = """\b
Examples:
  twinpool shell
  twinpool shell runbook.ps1
  twinpool shell --command '$s = Get-CsBackupServiceStatus -PoolFqdn pool1.lab; $s.BackupModules'
  echo 'Get-CsPool | Format-Table' | twinpool shell -
"""


@app.command(epilog=EXAMPLES)
def shell(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="A script; - reads it from input. At a terminal if omitted.")
    ] = "",
    command: Annotated[
        str, typer.Option("--command", "-c", "-Command", metavar="TEXT", help="Run this text, and leave.")
    ] = "",
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on with the next statement on errors.")] = False,  # noqa: FBT002
    deployment: DeploymentOption = None,
) -> None:
    """Run the management shell: cmdlets, variables and pipelines, written as in PowerShell.

    A script ends at its first error, with that error's exit code.
    """
    if file and command:
        raise InvalidParameter("give a script or --command, not both", field="command")
    session = Session(deployment, source=_name_of(file))
    if keep_going:
        session.scope.set(PREFERENCE, CONTINUE)
    if not file and not command and sys.stdin.isatty():
        raise typer.Exit(_interactive(session))
    raise typer.Exit(run_to_end(session, command or _read(file)))


def _interactive(session: Session) -> int:
    from twinpool_services.cli.shell.prompt import GREETING, interact, open_history  # slow, and for a terminal alone

    typer.echo(GREETING, err=True)
    return interact(session, open_history())


def _name_of(file: str) -> str:
    return "" if file in {"", "-"} else Path(file).name


def _read(file: str) -> str:
    """Return the text of a script. Raises `InvalidParameter`."""
    try:
        if file in {"", "-"}:
            return sys.stdin.read()
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidParameter(f"{file or 'the input'} cannot be read: {error}", field="file") from error
