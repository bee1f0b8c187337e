"""One front end of a lab as a process of its own, started, ended, halted and resumed from outside."""

from __future__ import annotations

import contextlib
import enum
import os
import signal
import sysconfig
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from twinpool.brokers.process_mark import ProcessMark
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.lab.note import LabFailed
from twinpool_services.lab.spawning import Spawn, spawn

STOP_SECONDS = 30.0  #: how long an orderly stop may take before it is ended the hard way
SIGNAL_SECONDS = 10.0  #: how long a signal may take to have an effect
SIGNAL_LOOK = 0.002  #: seconds between two looks whether it has
TAIL = 1_500  #: characters of the log that an error shows


class ProcessState(enum.StrEnum):
    """What a front end's process does."""

    RUNNING = "running"
    PAUSED = "paused"  #: halted by a signal; it does not know that time passes
    STOPPED = "stopped"


class FrontEndProcess:
    """A front end's process, which may have been started by somebody else before us."""

    def __init__(
        self,
        name: FrontEndName,
        directory: Path,
        mark: ProcessMark | None,
        entering: Sequence[str] = (),
        spawn: Spawn = spawn,
    ) -> None:
        """Know a front end of the lab in `directory`, and its process if it ever had one.

        `entering` is the command that its command is given to, if it runs in a network namespace.
        """
        self._entering = tuple(entering)
        self._spawn = spawn
        self.environment: Mapping[str, str] = {}  #: what it finds besides at its next start
        self.name = name
        self.mark = mark
        self.log_file = directory / "log" / f"{name}.log"
        self._deployment = directory / "twinpool.toml"
        self._child = 0  # its number, if we started it and have to reap it

    @property
    def state(self) -> ProcessState:
        """What the process does at this moment."""
        if self.mark is None or not self.mark.is_alive():
            return ProcessState.STOPPED
        return ProcessState.PAUSED if self.mark.is_halted() else ProcessState.RUNNING

    def start(self) -> None:
        """Start it unless it lives; it keeps running when we end."""
        if self.state is not ProcessState.STOPPED:
            return
        self._reap()
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        twinpool = str(Path(sysconfig.get_path("scripts")) / "twinpool")
        words = [twinpool, "pool", "run", "--deployment", str(self._deployment), "--front-end", self.name]
        environment = _environment() | dict(self.environment)
        self._child = self._spawn([*self._entering, *words], environment, self.log_file)
        self.mark = ProcessMark.of(self._child)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal. Raises `LabFailed` if it does not run."""
        if self.mark is None or not self.mark.send(number):
            raise LabFailed(f"{self.name} does not run")

    def pause(self) -> None:
        """Halt it, and return once it stands still. Raises `LabFailed` if it does not run."""
        self.send(signal.SIGSTOP)
        self._await_halted(halted=True)

    def resume(self) -> None:
        """Let it go on. Raises `LabFailed` if it does not run."""
        self.send(signal.SIGCONT)
        self._await_halted(halted=False)

    def ask_to_stop(self) -> None:
        """Ask it to stop in order, if it lives; halted or not."""
        if self.mark is not None and self.mark.send(signal.SIGTERM):
            self.mark.send(signal.SIGCONT)

    def wait_until_stopped(self) -> bool:
        """Wait until it has ended; False if that took an end the hard way."""
        if self.mark is None or self.mark.wait(STOP_SECONDS):
            self._reap()
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """End it as a crash would."""
        if self.mark is not None and self.mark.send(signal.SIGKILL):
            self.mark.wait(STOP_SECONDS)
        self._reap()

    def last_words(self) -> str:
        """Return the end of its log."""
        if not self.log_file.exists():
            return ""
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-TAIL:].strip()

    def _await_halted(self, *, halted: bool) -> None:
        """Wait until a signal has taken effect: all threads of the process have to notice."""
        pause, deadline = threading.Event(), time.monotonic() + SIGNAL_SECONDS
        while self.mark is not None and self.mark.is_alive() and self.mark.is_halted() is not halted:
            if time.monotonic() > deadline:
                raise LabFailed(f"{self.name} does not follow signals")
            pause.wait(SIGNAL_LOOK)

    def _reap(self) -> None:
        """Let the kernel forget our child, which has ended."""
        child, self._child = self._child, 0
        if child:
            with contextlib.suppress(ChildProcessError):  # Somebody else in this process has waited for all.
                os.waitpid(child, 0)


def _environment() -> dict[str, str]:
    """Return our environment without what would override the deployment file of the lab."""
    kept = ("TWINPOOL_LOG_", "TWINPOOL_RUNS")
    return {
        name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_") or name.startswith(kept)
    }
