"""Being asked to stop: the first signal asks, the second insists."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
    """Ask `stop` at the first SIGINT or SIGTERM, then put the former handlers back, so that a second one insists.

    Asking takes locks, and the main thread may be interrupted while it holds the same ones, or just before it goes to
    sleep with them; so it is another thread that asks, told by the byte that the interpreter writes for each signal.
    """
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore(*_: object) -> None:
        for number, handler in former.items():
            signal.signal(number, handler)

    with _told_of_signals(lambda number: _ask(stop, number)):
        for number in former:
            signal.signal(number, restore)
        try:
            yield stop
        finally:
            restore()


def _ask(stop: Stop, number: int) -> None:
    if number in {signal.SIGINT, signal.SIGTERM}:
        stop.request(signal.Signals(number).name)


@contextmanager
def _told_of_signals(hear: Callable[[int], None]) -> Iterator[None]:
    """Call something in a thread of its own with the number of each signal that comes while the block runs."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # what the interpreter demands

    def listen() -> None:
        while told := os.read(reading, 1):
            hear(told[0])

    listener = threading.Thread(target=listen, name="signals", daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        listener.join()
        os.close(reading)
