"""One session of the shell: its variables, and what the texts that it is given come to."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.deployment import Deployment
from twinpool_services.cli.cmdlet import Bound, Cmdlet, Outcome
from twinpool_services.cli.cmdlets import CMDLETS
from twinpool_services.cli.common import Common
from twinpool_services.cli.exit_codes import exit_code_of
from twinpool_services.cli.output import console
from twinpool_services.cli.running import ask_for_missing, carry_out, open_deployment, show_error, warn
from twinpool_services.cli.shell.catalogue import Catalogue
from twinpool_services.cli.shell.evaluator import Evaluator, Exited, Failed
from twinpool_services.cli.shell.parser import parse
from twinpool_services.cli.shell.rendering import Screen
from twinpool_services.cli.shell.scanner import NAMED
from twinpool_services.cli.shell.scope import Scope
from twinpool_services.cli.shell.syntax import (
    Argument,
    Command,
    Literal,
    Named,
    Pipeline,
    Place,
    Script,
    ShellSyntaxError,
)


class Session:
    """Runs texts against the pools of one deployment."""

    def __init__(self, deployment_file: Path | None = None, source: str = "") -> None:
        """Find the deployment when it is first needed; `source` names the script, for errors."""
        self.catalogue = Catalogue(CMDLETS)
        self.source = source
        self._file = deployment_file
        self._has_lines = False  #: whether what runs has more than one line
        self._deployment: Deployment | None = None
        self._evaluator = Evaluator(self.catalogue, self)

    @property
    def scope(self) -> Scope:
        """The variables, and how the last statement went."""
        return self._evaluator.scope

    @property
    def deployment(self) -> Deployment:
        """The pools. Raises `InvalidConfiguration`."""
        if self._deployment is None:
            self._deployment = open_deployment(Common(deployment=self._file))
        return self._deployment

    def run_text(self, text: str, out: Console | None = None) -> int:
        """Run a whole text and return its exit code; errors are said on standard error. Raises `Exited`."""
        self._has_lines = "\n" in text.strip()
        try:
            script = parse(text)
        except ShellSyntaxError as error:
            self._say(error, error.place)
            return int(exit_code_of(error))
        return self.run_script(script, out)

    def run_script(self, script: Script, out: Console | None = None) -> int:
        """Run what was read, and return its exit code. Raises `Exited`."""
        screen = Screen(out or console())
        try:
            self._evaluator.run(script, screen.show)
        except Failed as failed:
            self._say(failed.error, failed.where)
            return int(exit_code_of(failed.error))
        return self.scope.first_failure

    # ── what the evaluator has others do ────────────────────────────────────────────────────────────────────

    def run_cmdlet(self, cmdlet: Cmdlet, bound: Bound) -> Outcome:
        """Run a cmdlet, and say its warnings."""
        outcome = carry_out(cmdlet, bound, self.deployment)
        warn(outcome)
        return outcome

    def supplied(self, cmdlet: Cmdlet, texts: Mapping[str, str]) -> Mapping[str, str]:
        """Ask for what is missing, at a terminal."""
        return ask_for_missing(cmdlet, texts)

    def report(self, error: TwinpoolError, where: Place) -> None:
        """Say an error that does not end the script."""
        self._say(error, where)

    def _say(self, error: TwinpoolError, where: Place) -> None:
        """Say an error, with its place where a text has more than one line or a name."""
        sys.stdout.flush()
        shown = [self.source, str(where)] if self.source or self._has_lines else []
        show_error(error, as_json=False, where="".join(f"{one}: " for one in shown if one))


def run_to_end(session: Session, text: str) -> int:
    """Run a script, and return the exit code that it ends with."""
    try:
        return session.run_text(text)
    except Exited as exited:
        return exited.code


def run_words(words: Sequence[str]) -> int:
    """Run one command whose words stand apart, as the system's shell has parted them; return its exit code."""
    nowhere = Place(1, 1)
    name, *others = words
    arguments = tuple(_argument(word, nowhere) for word in others)
    command = Command(name, arguments, nowhere)
    return Session().run_script(Script((Pipeline(command, (), nowhere),)))


def _argument(word: str, place: Place) -> Named | Argument:
    if match := NAMED.match(word):
        value = Literal(word[match.end() :], place) if match["mark"] else None
        return Named(match["name"], value, place)
    return Argument(Literal(word, place), place)
