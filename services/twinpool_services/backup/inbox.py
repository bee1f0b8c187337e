"""Where a thread of the worker hears what concerns it."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue with a bell: items are kept in order, while any number of rings are one."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: deque[T] = deque()
        self._rung = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Add an item; never blocks."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def ring(self) -> None:
        """Wake the owner without an item: there may be something to read elsewhere."""
        with self._changed:
            self._rung = True
            self._changed.notify()

    def take(self, seconds: float) -> T | None:
        """Return the next item; None when the bell was rung or the time is over."""
        with self._changed:
            if not self._items and not self._rung:
                self._changed.wait(max(seconds, 0))
            return self._items.popleft() if self._items else None

    def was_rung(self) -> bool:
        """Say whether the bell was rung since this was last asked."""
        with self._changed:
            rung, self._rung = self._rung, False
            return rung

    def __len__(self) -> int:
        return len(self._items)
