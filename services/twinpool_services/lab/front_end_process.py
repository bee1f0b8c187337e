"""One front end of a lab as a process of its own, started, ended, halted and resumed from outside."""

from __future__ import annotations

import enum
import os
import signal
import subprocess
import sysconfig
from pathlib import Path

from twinpool.brokers.process_mark import ProcessMark
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.lab.note import LabFailed

STOP_SECONDS = 30.0  #: how long an orderly stop may take before it is ended the hard way
TAIL = 1_500  #: characters of the log that an error shows


class ProcessState(enum.StrEnum):
    """What a front end's process does."""

    RUNNING = "running"
    PAUSED = "paused"  #: halted by a signal; it does not know that time passes
    STOPPED = "stopped"


class FrontEndProcess:
    """A front end's process, which may have been started by somebody else before us."""

    def __init__(self, name: FrontEndName, directory: Path, mark: ProcessMark | None) -> None:
        """Know a front end of the lab in `directory`, and its process if it ever had one."""
        self.name = name
        self.mark = mark
        self.log_file = directory / "log" / f"{name}.log"
        self._deployment = directory / "twinpool.toml"
        self._child: subprocess.Popen[bytes] | None = None  # if we started it, we have to reap it

    @property
    def state(self) -> ProcessState:
        """What the process does at this moment."""
        if self.mark is None or not self.mark.is_alive():
            return ProcessState.STOPPED
        return ProcessState.PAUSED if _is_halted(self.mark.pid) else ProcessState.RUNNING

    def start(self) -> None:
        """Start it unless it lives; it keeps running when we end, and our terminal's Ctrl-C is not its."""
        if self.state is not ProcessState.STOPPED:
            return
        self._reap()
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        program = Path(sysconfig.get_path("scripts")) / "twinpool"
        with self.log_file.open("ab") as output:
            self._child = subprocess.Popen(
                [program, "pool", "run", "--deployment", self._deployment, "--front-end", self.name],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.mark = ProcessMark.of(self._child.pid)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal. Raises `LabFailed` if it does not run."""
        if self.mark is None or not self.mark.send(number):
            raise LabFailed(f"{self.name} does not run")

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

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(STOP_SECONDS)
            self._child = None


def _environment() -> dict[str, str]:
    """Return our environment without what would override the deployment file of the lab."""
    kept = ("TWINPOOL_LOG_",)
    return {
        name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_") or name.startswith(kept)
    }


def _is_halted(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # It ended in this moment.
        return False
    return stat.rpartition(")")[2].split()[0] in "Tt"
