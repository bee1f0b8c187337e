"""Keeping in mind how far the serving pool has come by its own word, for the plan of a disaster failover."""

from __future__ import annotations

import time

from twinpool.vocabulary.names import ORIGIN, ModuleName, Position
from twinpool_services.backup.failover.papers import HeardHead
from twinpool_services.backup.failover.surroundings import Surroundings

NOTE_EVERY = 1.0  #: seconds between two notes of heads that move; each is a commit
REFRESH = 5.0  #: seconds between two notes that only say that the serving pool was heard


class HeadNotes:
    """Of one home that we import."""

    def __init__(self, around: Surroundings) -> None:
        """Begin with what was noted before. Raises `StoreUnavailable`."""
        self._around = around
        self._noted = around.papers.heard(around.home) if around.imports else {}
        self._noted_at = self._looked_at = float("-inf")

    def tick(self) -> None:
        """Note what has changed, now and then. Raises `StoreUnavailable`, `LeaseLost`."""
        now = time.monotonic()
        if now - self._looked_at < NOTE_EVERY:
            return
        waited, self._looked_at = now - self._noted_at, now
        heard = self._heard()
        moved = any(each.head != self._head(module) for module, each in heard.items())
        if heard and (moved or waited >= REFRESH):
            around = self._around
            around.papers.note_heard(around.home, self._noted | heard, generation=around.tenure.generation)
            self._noted, self._noted_at = self._noted | heard, time.monotonic()

    def _head(self, module: ModuleName) -> Position:
        return self._noted[module].head if module in self._noted else ORIGIN

    def _heard(self) -> dict[ModuleName, HeardHead]:
        """Return what was heard of since the last note, and what had been heard before it but was not read yet."""
        imports, now = self._around.imports, self._around.store.now()
        since = time.monotonic() - self._noted_at
        return {
            module: HeardHead(max(desk.head_heard, self._head(module)), now)
            for module, desk in imports.items()
            if desk.heard_ago < since or desk.head_heard > self._head(module)
        }
