"""Forced synchronisations: asked of any front end, noted in the pool store, taken up by the active one.

Invariant: a request is forgotten only when nothing of it would be lost with this process. For a full sync that is when
its first piece is staged at the importer, who then knows of it; a front end that takes over before asks anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twinpool.ports.store import SyncRequests
from twinpool.vocabulary.names import Generation, Route, Stream


class Syncing(Protocol):
    """An exporter that can be made to synchronise."""

    route: Route

    def sync(self, *, full: bool) -> None:
        """Do so soon."""

    @property
    def full_sync_waits(self) -> bool:
        """Whether a full sync would be forgotten if this process ended now."""


class ForcedSyncs:
    """Hands requests to the exporters of their streams, once each, and forgets them when that is safe."""

    def __init__(self, store: SyncRequests, exporters: Sequence[Syncing], generation: Generation) -> None:
        """Begin with whatever earlier active front ends have left."""
        self._store, self._exporters, self._generation = store, exporters, generation
        self._seen = 0  # number of the newest request that was handed over
        self._forgotten = 0

    def look(self) -> None:
        """Take up what has come. Raises `StoreUnavailable`, `LeaseLost`."""
        for number, stream, full in self._store.sync_requests(self._seen):
            for exporter in self._of(stream):
                exporter.sync(full=full)
            self._seen = number
        waiting = any(exporter.full_sync_waits for exporter in self._exporters)
        if self._seen > self._forgotten and not waiting:
            self._store.forget_sync_requests(self._seen, generation=self._generation)
            self._forgotten = self._seen

    def _of(self, stream: Stream) -> list[Syncing]:
        return [exporter for exporter in self._exporters if exporter.route.stream == stream]
