"""Whose logs have grown: collected by those who write, told to other processes, and taken by those who listen."""

from __future__ import annotations

import threading
from collections.abc import Collection

from twinpool.vocabulary.names import Home, ModuleName, Stream

ANYTHING = "*"
MOST_TOLD = 5_000  #: bytes of a text that names streams; PostgreSQL takes 8,000


class Grown:
    """Collects streams, from any thread, until somebody takes them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._streams: set[Stream] = set()
        self._anything = False
        self._lock = threading.Lock()

    def note(self, streams: Collection[Stream] | None) -> None:
        """Add some; None for whatever else may have changed."""
        with self._lock:
            if streams is None:
                self._anything = True
            else:
                self._streams.update(streams)

    def take(self) -> Collection[Stream] | None:
        """Return what has come together, and begin anew; None if anything may have changed."""
        with self._lock:
            streams, anything = self._streams, self._anything
            self._streams, self._anything = set(), False
        return None if anything else streams


def told(streams: Collection[Stream] | None) -> str:
    """Name streams in a short text; more than fit, and None, are anything."""
    text = ANYTHING if streams is None else " ".join(f"{stream.home}/{stream.module}" for stream in streams)
    return text if len(text.encode()) <= MOST_TOLD else ANYTHING


def read_told(text: str) -> Collection[Stream] | None:
    """Read what `told` has written."""
    if text == ANYTHING:
        return None
    parts = [name.partition("/") for name in text.split()]
    return [Stream(Home(home), ModuleName(module)) for home, _, module in parts]


__all__ = ["Grown", "read_told", "told"]
