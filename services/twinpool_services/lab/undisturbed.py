"""Work that a Ctrl-C must not cut in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Outcome = TypeVar("Outcome")

ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM)


def undisturbed(action: Callable[[], Outcome]) -> Outcome:
    """Do something to its end although a Ctrl-C comes meanwhile, which is heard after it.

    Between the birth of a process and the moment at which it is known nothing may interrupt us, or nobody could stop
    it. Only the main thread is ever interrupted; elsewhere there is nothing to hold off.
    """
    if threading.current_thread() is not threading.main_thread():
        return action()
    with _holding_off():
        return action()


@contextmanager
def _holding_off() -> Iterator[None]:
    """Note signals instead of hearing them; the first one noted is heard when the block is left.

    The signals are not blocked: that would be inherited by the processes which the block starts.
    """
    noted: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append((number, frame))

    former = {number: signal.signal(number, note) for number in ASKING_TO_STOP if callable(signal.getsignal(number))}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for heard, frame in noted[:1]:
            handler = former[signal.Signals(heard)]
            if callable(handler):
                handler(heard, frame)
