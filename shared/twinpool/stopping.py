"""Being asked to stop: the first signal asks, the second insists."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """A request to stop that many threads can wait for."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._guard = threading.RLock()
        self._calls: list[Callable[[], None]] = []
        self.reason = ""  #: who asked, for the log

    def request(self, reason: str) -> None:
        """Ask everybody to stop; the first reason counts."""
        with self._guard:
            if self._event.is_set():
                return
            self.reason = reason
            self._event.set()
            calls = list(self._calls)
        for call in calls:
            call()

    @contextmanager
    def calling(self, call: Callable[[], None]) -> Iterator[None]:
        """Call something when asked to stop while the block runs; at once if that was before."""
        with self._guard:
            self._calls.append(call)
            late = self._event.is_set()
        if late:
            call()
        try:
            yield
        finally:
            with self._guard:
                self._calls.remove(call)

    @property
    def requested(self) -> bool:
        """Whether anybody asked."""
        return self._event.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until asked or the time is over; True if asked."""
        return self._event.wait(seconds)


@contextmanager
def stop_on_signals(stop: Stop) -> Iterator[Stop]:
    """Ask `stop` at the first SIGINT or SIGTERM, then put the former handlers back, so that a second one insists."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    def ask(number: int, _frame: FrameType | None) -> None:
        restore()
        stop.request(signal.Signals(number).name)

    for number in former:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
