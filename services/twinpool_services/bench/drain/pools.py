"""The contender that all this is about: two pools, each in a process of its own, over a real broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool_services.bench.bench_pools import PARTNER, ROUTE, ROUTE_BACK, SOURCE, STREAM, Places
from twinpool_services.bench.child import Child
from twinpool_services.bench.drain.captured import require_content
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.measuring import Reading
from twinpool_services.bench.pool_process import MODULE

READY_SECONDS = 60.0
STALLED_SECONDS = 60.0  #: without any acknowledgement; nothing that works takes so long
FAR, NEAR = 0.05, 0.005  #: seconds between two looks, while much is left and towards the end


class Pools:
    """Drains a backlog as twinpool does."""

    def __init__(self, draining: Draining, name: str = "twinpool") -> None:
        """Work on a backlog."""
        self.name = name
        self._draining, self._servers = draining, draining.servers

    def run(self) -> Reading:
        """Drain it once. Raises `BenchFailed`."""
        with self._places() as places, ExitStack() as running:
            partner = self._child(running, PARTNER, places)
            partner_store = running.enter_context(closing(open_store(places["partner_store"], PARTNER)))
            _go(partner)
            _await_linked(partner, partner_store)
            source = self._child(running, SOURCE, places)
            source_store = running.enter_context(closing(open_store(places["source_store"], SOURCE)))
            reading = self._measure(source, partner, source_store)
            partner.close()
            source.close()
            for store in (partner_store, source_store):
                require_content(store, self._draining.result)
            return reading

    def _measure(self, source: Child, partner: Child, store: Store) -> Reading:
        head, cpu_before = store.head(STREAM), source.cpu_s + partner.cpu_s

        def work() -> None:
            source.tell("go")
            _await_acknowledged(store, head, source, partner)

        seconds, details = self._draining.timed(work)
        return Reading(
            changes=self._draining.backlog.changes,
            seconds=seconds,
            cpu_s=source.cpu_s + partner.cpu_s - cpu_before,
            peak_rss_mb=max(source.peak_rss_mb, partner.peak_rss_mb),
            details=details,
        )

    @contextmanager
    def _places(self) -> Iterator[Places]:
        servers = self._servers
        servers.prepare_broker()
        places = Places(
            source_store=servers.copy_store(self._draining.captured),
            partner_store=servers.new_store(self._draining.kind),
            broker=servers.broker_url,
            directory=str(servers.directory),
        )
        try:
            yield places
        finally:
            servers.drop_store(places["source_store"])
            servers.drop_store(places["partner_store"])
            servers.clear_broker()

    def _child(self, running: ExitStack, pool: str, places: Places) -> Child:
        child = running.enter_context(Child(MODULE, pool, self._servers.directory / f"{pool}.log"))
        child.tell("open", places=places)
        child.hear(READY_SECONDS)
        return child


def _go(child: Child) -> None:
    child.tell("go")
    child.hear(READY_SECONDS)


def _await_linked(partner: Child, store: Store) -> None:
    """Wait until the partner is elected and its queues are there: it has tried to speak to the source, in vain."""
    pause, deadline = threading.Event(), time.monotonic() + READY_SECONDS
    while store.export_ledger(ROUTE_BACK).attempted_at is None:
        partner.require_alive()
        if time.monotonic() > deadline:
            raise BenchFailed(f"the partner is not up within {READY_SECONDS:.0f} s")
        pause.wait(FAR)


def _await_acknowledged(store: Store, head: int, *children: Child) -> None:
    """Wait until the source knows that everything has arrived; look more often towards the end."""
    pause, seen, moved_at = threading.Event(), -1, time.monotonic()
    while (acknowledged := store.export_ledger(ROUTE).acknowledged) < head:
        for child in children:
            child.require_alive()
        if acknowledged > seen:
            seen, moved_at = acknowledged, time.monotonic()
        elif time.monotonic() > moved_at + STALLED_SECONDS:
            raise BenchFailed(f"stalled at {acknowledged} of {head}: {store.export_ledger(ROUTE).failure or 'no word'}")
        pause.wait(FAR if acknowledged < 0.9 * head else NEAR)
