"""What all parts of the store stand on: its state, one lock, and the fence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from twinpool.errors import LeaseLost
from twinpool.vocabulary.audit import AuditEntry
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.home import HomeStatus, TermBeginning
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import (
    ORIGIN,
    Generation,
    Home,
    Instant,
    ModuleName,
    PoolFqdn,
    Position,
    Route,
    Stream,
    Term,
)
from twinpool.vocabulary.orphan import Orphan
from twinpool.vocabulary.session import UNKNOWN_STREAM, ImportProgress
from twinpool.vocabulary.states import ExportLedger, ImportLedger

RecordSet = dict[tuple[str, str], bytes]

EMPTY_LEDGER = ExportLedger(session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None)
HEALTHY = ImportLedger(failure=None, imported_at=None)


@dataclass(slots=True)
class StreamState:
    """All that is kept of one stream."""

    records: RecordSet = field(default_factory=dict)
    log: list[ChangeSet] = field(default_factory=list)
    head: Position = ORIGIN
    oldest: Position = ORIGIN
    progress: ImportProgress = UNKNOWN_STREAM
    staged: RecordSet = field(default_factory=dict)
    imports: ImportLedger = HEALTHY
    repairs: set[tuple[str, str]] = field(default_factory=set)
    compared_as: Term | None = None  #: the records have to be compared before they go; what only we have is of this


class Ground:
    """The state of a store. Every public method takes the lock once, so each is one transaction."""

    def __init__(self, pool: PoolFqdn, *, clock: Callable[[], float] = time.time) -> None:
        self.pool = pool
        self._clock = clock
        self._lock = threading.RLock()
        self._wakeups = WakeupCount()
        self._homes: dict[Home, HomeStatus] = {}
        self._streams: dict[Stream, StreamState] = {}
        self._ledgers: dict[Route, ExportLedger] = {}
        self._lease: Lease | None = None
        self._beginnings: dict[tuple[Home, Term, ModuleName], TermBeginning] = {}
        self._orphans: list[Orphan] = []  # by number, from 1 on
        self._operations: dict[str, bytes] = {}
        self._audit: list[AuditEntry] = []

    def now(self) -> Instant:
        """Return the time by the store's clock."""
        return Instant(self._clock())

    @contextmanager
    def _fenced(self, generation: Generation) -> Iterator[Lease]:
        """Hold the lock while a generation has the lease. Raises `LeaseLost`."""
        with self._lock:
            if self._lease is None or self._lease.generation != generation:
                raise LeaseLost(f"generation {generation} no longer holds the lease of {self.pool}")
            yield self._lease

    def _state(self, stream: Stream) -> StreamState:
        """Return the state of a stream, a new one that is not kept if there is none."""
        return self._streams.get(stream) or StreamState()

    def _kept_state(self, stream: Stream) -> StreamState:
        return self._streams.setdefault(stream, StreamState())


class WakeupCount:
    """Counts what listeners are to be woken for."""

    def __init__(self) -> None:
        self._grown = threading.Condition()
        self._count = 0

    def grow(self) -> None:
        """Wake all who wait."""
        with self._grown:
            self._count += 1
            self._grown.notify_all()

    def wait_beyond(self, seen: int, seconds: float) -> int:
        """Wait until the count is above one that was seen, or the time is over; return it."""
        with self._grown:
            self._grown.wait_for(lambda: self._count > seen, seconds)
            return self._count


class MemoryWakeups:
    """Hears commits from when it was made."""

    def __init__(self, count: WakeupCount) -> None:
        self._count = count
        self._seen = count.wait_beyond(-1, 0)

    def wait(self, seconds: float) -> bool:
        """Wait until there was a commit since the last call, or the time is over; True if there was."""
        before, self._seen = self._seen, self._count.wait_beyond(self._seen, seconds)
        return self._seen > before

    def grown(self) -> None:
        """Say that anything may have changed; see `Wakeups.grown`."""
        return

    def close(self) -> None:
        """Stop listening; there is nothing to let go."""


__all__ = ["EMPTY_LEDGER", "Ground", "MemoryWakeups", "RecordSet", "StreamState"]
