"""A process of ours that works for a bench, told what to do by lines of JSON on its standard input.

It ends by itself when its standard input ends, so that none is left behind however we end.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twinpool_services.bench.failing import BenchFailed
from twinpool_services.lab import uninterrupted
from twinpool_services.measuring.process_cost import cpu_seconds, peak_rss_mb

STOP_SECONDS = 30.0
TAIL = 2_000  #: characters of its log that an error shows


class Child:
    """One process: it begins when its block is entered, and has ended when that is left."""

    def __init__(self, module: str, role: str, log_file: Path) -> None:
        """Know a module of ours; `role` is shown among its arguments, for people who look at processes."""
        self._module, self._role, self._log_file = module, role, log_file
        self._heard = b""
        self._begun: subprocess.Popen[bytes] | None = None

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self._begun is not None, "its block has not been entered"  # noqa: S101
        return self._begun

    def __enter__(self) -> Self:
        # A Ctrl-C that comes meanwhile is heard when it runs: else nobody would end it.
        try:
            uninterrupted(self._start)
        except KeyboardInterrupt:
            if self._begun is not None:  # It may as well have come before anything was started.
                self.close(1.0)
            raise
        return self

    def _start(self) -> None:
        with self._log_file.open("ab") as log:
            # In a session of its own: our terminal's Ctrl-C is ours, and we end it in order.
            self._begun = subprocess.Popen(
                [sys.executable, "-m", self._module, self._role],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._log_file.parent,  # Whatever it leaves behind goes with the bench.
                start_new_session=True,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(STOP_SECONDS if kind is None else 1.0)

    def tell(self, word: str, **more: object) -> None:
        """Tell it to do something. Raises `BenchFailed` if it has ended."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            self._process.stdin.write(json.dumps({"word": word, **more}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as failure:
            raise self._ended() from failure

    def hear(self, seconds: float = 60.0) -> Mapping[str, Any]:
        """Wait for what it says next. Raises `BenchFailed` if it says nothing in time or has ended."""
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        while b"\n" not in self._heard:
            with selectors.DefaultSelector() as selector:
                selector.register(self._process.stdout, selectors.EVENT_READ)
                if not selector.select(seconds):
                    raise BenchFailed(f"{self._role} says nothing for {seconds:.0f} s. Its log: {self._last_words()}")
            piece = os.read(self._process.stdout.fileno(), 65536)
            if not piece:
                raise self._ended()
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        said: Mapping[str, Any] = json.loads(line)
        return said

    def require_alive(self) -> None:
        """Raise `BenchFailed` if it has ended."""
        if self._process.poll() is not None:
            raise self._ended()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal. Raises `BenchFailed` if it has ended."""
        self.require_alive()
        self._process.send_signal(number)

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used so far."""
        return cpu_seconds([self._process.pid])

    @property
    def peak_rss_mb(self) -> float:
        """Its largest resident set so far, in MiB."""
        return peak_rss_mb(self._process.pid)

    def close(self, patience: float = STOP_SECONDS) -> None:
        """End it: in order, or the hard way when it takes longer than `patience` seconds."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018
        with contextlib.suppress(OSError):  # It has ended before it heard everything.
            self._process.stdin.close()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _ended(self) -> BenchFailed:
        return BenchFailed(f"{self._role} has ended. Its log: {self._last_words()}")

    def _last_words(self) -> str:
        return self._log_file.read_text(encoding="utf-8", errors="replace")[-TAIL:].strip()
