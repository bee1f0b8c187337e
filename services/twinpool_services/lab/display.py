"""Shows how far a long work has come: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

LINE_EVERY = 5.0  #: seconds between two plain lines of one step


class Step:
    """One step under way."""

    def __init__(self, title: str, console: Console, total: float | None) -> None:
        """Begin to count."""
        self.began_at = time.monotonic()
        self.outcome = ""  #: what the line at the end says behind the title
        self._title, self._console, self._total, self._done = title, console, total, 0.0
        self._said_at = self.began_at
        self._progress: Progress | None = None
        self._task = TaskID(0)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began_at

    def advance(self, count: float = 1) -> None:
        """Note that so much more is done."""
        self.show(self._done + count, self._total)

    def show(self, done: float, total: float | None = None, doing: str = "") -> None:
        """Note how much is done, of how much, and what is being done."""
        self._done, self._total = done, total if total is not None else self._total
        if self._progress is not None:
            title = f"{self._title} {doing}".rstrip()
            self._progress.update(self._task, completed=done, total=self._total, description=title)
        elif time.monotonic() - self._said_at >= LINE_EVERY:
            self._said_at = time.monotonic()
            of = f": {done:,.0f} of {self._total:,.0f}" if self._total else f": {done:,.0f}" if done else ""
            self._console.print(f"  … {self._title} {doing}".rstrip() + f"{of} ({self.seconds:.0f} s)")

    def draw_in(self, progress: Progress) -> None:
        """Draw a bar."""
        self._progress = progress
        self._task = progress.add_task(self._title, total=self._total)


class Display:
    """What is said to whoever looks on."""

    def __init__(self, console: Console) -> None:
        """Say it on a console."""
        self.console = console
        self._done_mark = "✓" if console.encoding.lower().startswith("utf") else "*"

    def say(self, text: str = "", style: str | None = None) -> None:
        """Print a line."""
        self.console.print(text, style=style)

    @contextmanager
    def step(self, title: str, total: float | None = None) -> Iterator[Step]:
        """Show a step while it runs, and a line with its outcome and duration once it is done."""
        step = Step(title, self.console, total)
        if self.console.is_terminal:
            columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
            if total is None:
                columns = columns[:2]
            with Progress(*columns, TimeElapsedColumn(), console=self.console, transient=True) as progress:
                step.draw_in(progress)
                yield step
        else:
            yield step
        outcome = f": {step.outcome}" if step.outcome else ""
        self.console.print(f"{self._done_mark} {title}{outcome} ({step.seconds:.1f} s)")


def display(*, to_errors: bool = False, quiet: bool = False) -> Display:
    """Open a display on standard output or standard error."""
    return Display(Console(stderr=to_errors, quiet=quiet, highlight=False, markup=False, emoji=False, soft_wrap=True))
