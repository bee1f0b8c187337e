"""A process of our own that may outlive us, recognised again by its number and the moment it began.

A number alone is not enough: it is given to another process once ours has ended, and that one is not ours to end.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STATE, STARTED = 0, 19  #: places in /proc/PID/stat after the command's name; see proc(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMark:
    """What tells one process from every other since the machine booted."""

    pid: int
    started: int  #: clock ticks after boot

    @classmethod
    def of(cls, pid: int) -> ProcessMark | None:
        """Mark a living process; None if there is none of this number."""
        fields = _stat(pid)
        return cls(pid=pid, started=int(fields[STARTED])) if fields else None

    def is_alive(self) -> bool:
        """Say whether this very process still runs."""
        return ProcessMark.of(self.pid) == self

    def is_halted(self) -> bool:
        """Say whether it stands still, all of its threads; False if it has ended."""
        try:
            threads = list(Path(f"/proc/{self.pid}/task").iterdir())
        except (FileNotFoundError, ProcessLookupError):
            return False
        fields = [_fields(thread / "stat") for thread in threads]
        return self.is_alive() and all(each[STATE] in "Tt" for each in fields if each)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; False if it is gone."""
        with self._handle() as handle:
            if handle is None:
                return False
            try:
                signal.pidfd_send_signal(handle, number)
            except ProcessLookupError:  # It ended in this moment.
                return False
            return True

    def wait(self, seconds: float) -> bool:
        """Wait until this very process has ended, or the time is over; True if it has."""
        with self._handle() as handle:
            if handle is None:
                return True
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            return bool(poll.poll(seconds * 1000))

    @contextmanager
    def _handle(self) -> Iterator[int | None]:
        """Hold on to the process, so that its number cannot pass to another between looking and acting."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            yield None
            return
        try:
            yield handle if self.is_alive() else None
        finally:
            os.close(handle)


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process; nothing if it is gone or only waits for its parent to notice."""
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return [] if not fields or fields[STATE] in "ZX" else fields


def _fields(stat: Path) -> list[str]:
    try:
        text = stat.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()
