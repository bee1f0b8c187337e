"""Pools of this process that a network keeps apart, and the gate before their clients' writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from tests.pairs import CONTACTS, RunningPool
from twinpool.brokers.memory import MemoryBroker, MemoryLink
from twinpool.errors import HomeInDoubt
from twinpool.stopping import Stop
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.home import OnPartnerSilent
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool.wire import encode_changes
from twinpool_services.backup import initial_homes
from twinpool_services.backup.failover.gate import ServingGate


class PartedBroker(MemoryBroker):
    """A broker that some pools cannot reach, while it goes on for the others."""

    def __init__(self) -> None:
        """Begin with everybody together."""
        super().__init__()
        self._apart: set[PoolFqdn] = set()

    def part(self, pool: PoolFqdn) -> None:
        """Cut a pool off: nothing comes from it or to it."""
        with self._guard:
            self._apart.add(pool)
            links = [link for link in self._links if link.topology.pool == pool]
        for link in links:
            link.cut("the network is parted")

    def join(self, pool: PoolFqdn) -> None:
        """Let it connect again."""
        with self._guard:
            self._apart.discard(pool)
            for link in list(self._links):
                self.connect(link)

    def connect(self, link: MemoryLink) -> None:
        """Set a link up, unless its pool is cut off; it is remembered until it closes."""
        with self._guard:
            if link.topology.pool not in self._apart:
                super().connect(link)
            elif link not in self._links:
                self._links.append(link)


@dataclass(frozen=True)
class GatedPool:
    """A pool whose writes pass a gate, as those of clients do."""

    pool: RunningPool
    gate: ServingGate

    def put(self, key: str, value: bytes, home: str | None = None) -> object:
        """Try to write one record of presence, and return what came of it."""
        stream = CONTACTS if home is None else replace(CONTACTS, home=Home(home))
        try:
            self.gate.check(stream.home)
        except HomeInDoubt as doubt:
            return doubt
        changes = (Change("alice@lab", key, value),)
        (outcome,) = self.pool.store.write(
            [Transaction(stream=stream, changes=changes, payload=encode_changes(changes))]
        )
        return outcome


@contextmanager
def running_gated(
    pool: RunningPool,
    *,
    timeout: float = 1.0,
    on_silent: OnPartnerSilent = OnPartnerSilent.SERVE,
    fence_after: float | None = None,
) -> Iterator[GatedPool]:
    """Run one front end of a pool that has just come back, with a gate of its own, until the block is left."""
    gate = ServingGate(pool.store, (home for home, _ in initial_homes(pool.premises.deployment, pool.premises.pool)))
    laid_out = replace(
        pool.premises.deployment,
        partner_query_timeout=timedelta(seconds=timeout),
        on_partner_silent=on_silent,
        backup_store_unavailable_threshold=None if fence_after is None else timedelta(seconds=fence_after),
    )
    pool.premises = replace(pool.premises, deployment=laid_out, was_away=lambda: not gate.is_settled)
    stop = Stop()
    watching = threading.Thread(target=gate.watch, args=(stop,), name=f"gate of {pool.premises.pool}")
    watching.start()
    try:
        pool.start(1)
        yield GatedPool(pool, gate)
    finally:
        pool.stop_all()
        stop.request("the test ends")
        watching.join()
