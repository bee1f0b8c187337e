"""The shell at a terminal: a prompt that completes, remembers, and takes several lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output

from twinpool.errors import TwinpoolError
from twinpool.modules.registry import load_modules
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.output import console
from twinpool_services.cli.shell.completion import Knowledge, complete
from twinpool_services.cli.shell.evaluator import Exited
from twinpool_services.cli.shell.parser import parse
from twinpool_services.cli.shell.session import Session
from twinpool_services.cli.shell.syntax import ShellSyntaxError, Unfinished

PROMPT, MORE = "twinpool> ", "       >> "
HISTORY = "shell-history"

GREETING = "twinpool shell. Get-Help says what can be written, Tab completes, Ctrl-C cancels, Ctrl-D leaves."


class ShellCompleter(Completer):
    """Completes from what a session knows at that moment."""

    def __init__(self, known: Callable[[], Knowledge]) -> None:
        """Ask this function what is known."""
        self._known = known

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002 - the framework's names
        """Yield what may come next."""
        for one in complete(document.text_before_cursor, self._known()):
            yield Completion(one.text, start_position=-one.replaces, display_meta=one.meaning)


def open_history(folder: Path | None = None) -> History:
    """Open the file of what was typed before, which nobody else may read; only in memory if that is impossible."""
    try:
        where = folder or _state_folder()
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = where / HISTORY
        os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600))
        path.chmod(0o600)
    except OSError as error:
        console(to_errors=True).print(f"WARNING: what you type is not kept: {error}", style="yellow")
        return InMemoryHistory()
    return FileHistory(str(path))


def knowledge_of(session: Session) -> Knowledge:
    """Gather what a session knows; without a deployment file, of the commands alone."""
    try:
        pools = session.deployment.pools
    except TwinpoolError:
        pools = ()
    return Knowledge(
        catalogue=session.catalogue,
        pools=[pool.fqdn for pool in pools],
        modules=load_modules().names,
        front_ends=[front_end.name for pool in pools for front_end in pool.front_ends],
        variables=session.scope.variables,
    )


def interact(session: Session, history: History, input_: Input | None = None, output: Output | None = None) -> int:
    """Read and run until the operator leaves; return the exit code."""
    prompt: PromptSession[str] = PromptSession(
        history=history,
        completer=ShellCompleter(lambda: knowledge_of(session)),
        complete_while_typing=False,
        input=input_,
        output=output,
    )
    errors = console(to_errors=True)
    while True:
        try:
            text = _read(prompt)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return int(ExitCode.OK)
        try:
            session.run_text(text)
        except Exited as exited:
            return exited.code
        except KeyboardInterrupt:
            errors.print("Interrupted.", style="yellow")


def _read(prompt: PromptSession[str]) -> str:
    """Read lines until they are whole; an empty one ends what is not. Raises `KeyboardInterrupt`, `EOFError`."""
    text = prompt.prompt(PROMPT)
    while _is_unfinished(text):
        line = prompt.prompt(MORE)
        if not line.strip():
            break
        text += "\n" + line
    return text


def _is_unfinished(text: str) -> bool:
    try:
        parse(text)
    except Unfinished:
        return True
    except ShellSyntaxError:
        return False
    return False


def _state_folder() -> Path:
    kept = os.environ.get("XDG_STATE_HOME")
    return (Path(kept) if kept else Path.home() / ".local" / "state") / "twinpool"
