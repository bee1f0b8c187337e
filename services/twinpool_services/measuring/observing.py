"""Watches how far the partner has come: what was committed there by when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

from twinpool_services.measuring.failing import MeasurementFailed

JOIN_SECONDS = 30.0


class Seen(NamedTuple):
    """Everything up to a position was committed at the partner by then."""

    position: int
    at_ns: int  #: monotonic


class Observer:
    """Looks at the partner in a thread of its own while the block runs.

    What it sees was committed before it looked, so no lag is ever reported too short; it is too long by what passes
    between two looks, at most.
    """

    def __init__(self, look: Callable[[], int], wait: Callable[[], object]) -> None:
        """`look` returns the position up to which all is committed; `wait` returns when it may have moved."""
        self.seen: list[Seen] = []
        self._look, self._wait = look, wait
        self._moved = threading.Condition()
        self._stopped = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="observer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join(JOIN_SECONDS)

    @property
    def position(self) -> int:
        """How far the partner has come; -1 if that has never been seen."""
        return self.seen[-1].position if self.seen else -1

    def await_position(self, position: int, stalled_seconds: float) -> None:
        """Wait until the partner has come so far. Raises `MeasurementFailed` if it stands still for so long."""
        with self._moved:
            while self.position < position:
                before = self.position
                if not self._moved.wait_for(lambda at=before: self._failure or self.position > at, stalled_seconds):  # type: ignore[misc]
                    raise MeasurementFailed(f"the partner stalled at {self.position} of {position}")
                if self._failure is not None:
                    raise MeasurementFailed(f"the partner cannot be watched: {self._failure!r}") from self._failure

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                position, at_ns = self._look(), time.monotonic_ns()
                if position > self.position:
                    with self._moved:
                        self.seen.append(Seen(position, at_ns))
                        self._moved.notify_all()
                self._wait()
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for a position
            with self._moved:
                self._failure = error
                self._moved.notify_all()


__all__ = ["Observer", "Seen"]
