"""The whole pool store."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from twinpool.ports.examination import StoreExamination
from twinpool.stores.memory.audit import MemoryAudits
from twinpool.stores.memory.ground import MemoryWakeups
from twinpool.stores.memory.imports import MemoryImports
from twinpool.stores.memory.leases import MemoryLeases, MemoryLedgers, MemoryNameClaim, MemorySyncRequests
from twinpool.stores.memory.operations import MemoryOperations
from twinpool.stores.memory.orphans import MemoryOrphans
from twinpool.stores.memory.records import MemoryHomes, MemoryLog, MemoryRecords
from twinpool.stores.memory.terms import MemoryTerms
from twinpool.stores.memory.verification import MemoryVerifying
from twinpool.stores.standings_by_parts import StandingsByParts
from twinpool.vocabulary.names import FrontEndName, PoolFqdn

if TYPE_CHECKING:
    from twinpool.ports.store import Store


class MemoryStore(
    MemoryRecords,
    MemoryHomes,
    MemoryLog,
    MemoryLedgers,
    MemoryImports,
    MemoryLeases,
    MemorySyncRequests,
    MemoryTerms,
    MemoryOrphans,
    MemoryOperations,
    MemoryVerifying,
    MemoryAudits,
    StandingsByParts,
):
    """A pool's store in memory; the front ends of a pool share one object. Safe to use from many threads."""

    def __init__(self, pool: PoolFqdn, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(pool, clock=clock)
        self._requests = []
        self._last_request = 0
        self._names: set[FrontEndName] = set()

    def claim_name(self, name: FrontEndName) -> MemoryNameClaim:
        """Claim a front end's name. Raises `NameTaken` if it is claimed."""
        with self._lock:
            return MemoryNameClaim(self._names, name)

    def wakeups(self) -> MemoryWakeups:
        """Listen to commits."""
        return MemoryWakeups(self._wakeups)

    def check(self) -> None:
        """Do nothing: memory can always be read and written."""

    def examine(self) -> StoreExamination:
        """Say that there is nothing to be set up."""
        return StoreExamination(
            kind="memory", server_version="", schema_version="", expected_schema_version="", settings={}, size_bytes=0
        )

    def close(self) -> None:
        """Do nothing: what it holds stays for those who share it."""


if TYPE_CHECKING:

    def _fulfils(pool: PoolFqdn) -> Store:
        return MemoryStore(pool)


__all__ = ["MemoryStore"]
