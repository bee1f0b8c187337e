"""Keeping the log short: what all importers have is forgotten, and so is what nobody has fetched for too long."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Protocol

from twinpool.ports.store import ChangeLog, ExportLedgers
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.names import Generation, Instant, Position, Route, Stream
from twinpool_services.backup.log_hold import held_from

log = logging.getLogger(__name__)

STEP = 5_000  #: change sets that one transaction forgets, so that writers never wait long


class PrunableStore(ChangeLog, ExportLedgers, Protocol):
    """What pruning needs of the pool store."""

    def now(self) -> Instant:
        """Return the time by the store's clock."""


def acknowledged_by_all(store: ExportLedgers, routes: Iterable[Route]) -> Position:
    """Return the position up to which every importer of a stream has it."""
    return min(store.export_ledger(route).acknowledged for route in routes)


def prune_acknowledged(
    store: PrunableStore, stream: Stream, routes: Iterable[Route], generation: Generation, *, step: int = STEP
) -> int:
    """Forget a step of what every importer has and no reader holds; return how many change sets went."""
    floor = acknowledged_by_all(store, routes)
    held = held_from(store, stream)
    if held is not None:
        floor = min(floor, held)
    return store.prune(stream, up_to=floor, generation=generation, limit=step) if floor > store.oldest(stream) else 0


def prune_expired(
    store: PrunableStore,
    stream: Stream,
    configuration: BackupServiceConfiguration,
    generation: Generation,
    *,
    step: int = STEP,
) -> int:
    """Forget a step of a log that is too large or too old (`LogRetention`); the next session begins with a snapshot."""
    if not _expired(store, stream, configuration):
        return 0
    gone = store.prune(stream, up_to=store.head(stream), generation=generation, limit=step)
    if gone:
        extra = {"event": "log.retention", "stream": str(stream), "change_sets": gone}
        log.warning("%s: %d change sets forgotten before the partner had them", stream, gone, extra=extra)
    return gone


def _expired(store: PrunableStore, stream: Stream, configuration: BackupServiceConfiguration) -> bool:
    if store.log_size(stream) > configuration.log_retention_bytes:
        return True
    oldest_at = store.pending(stream, after=store.oldest(stream)).oldest_at
    return oldest_at is not None and store.now() - oldest_at > configuration.log_retention_age.total_seconds()
