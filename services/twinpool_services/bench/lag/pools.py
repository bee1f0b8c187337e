"""The contender that all this is about: two pools, each in a process of its own, over a real broker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool_services.bench.bench_pools import PARTNER, ROUTE, ROUTE_BACK, SOURCE, STREAM, Places
from twinpool_services.bench.child import Child
from twinpool_services.bench.drain.captured import require_content
from twinpool_services.bench.lag.carrying import READY_SECONDS, STALLED_SECONDS, Lagging, until
from twinpool_services.bench.measuring import Reading
from twinpool_services.bench.pool_process import MODULE
from twinpool_services.lab import StoreKind
from twinpool_services.measuring.observing import Observer

SQLITE_LOOK = 0.001  #: seconds between two looks at a SQLite partner; its imports ring for nobody
POSTGRESQL_LOOK = 0.005  #: seconds after which a PostgreSQL partner is looked at even if nothing was heard


class Pools:
    """Carries changes to the partner as twinpool does."""

    name = "twinpool"

    def __init__(self, lagging: Lagging) -> None:
        """Carry a load."""
        self._lagging = lagging

    def run(self) -> Reading:
        """Carry it once. Raises `BenchFailed`."""
        with self._places() as places, ExitStack() as running:
            source, partner = (self._child(running, pool, places) for pool in (SOURCE, PARTNER))
            source_store = running.enter_context(closing(open_store(places["source_store"], SOURCE)))
            partner_store = running.enter_context(closing(open_store(places["partner_store"], PARTNER)))
            _go(partner)
            until(lambda: partner_store.export_ledger(ROUTE_BACK).attempted_at is not None, partner)
            _go(source)
            until(lambda: source_store.export_ledger(ROUTE).session_opened, source, partner)
            writer = self._lagging.writer(running, "captured", places["source_store"])
            return self._measure(source, partner, writer, partner_store)

    def _measure(self, source: Child, partner: Child, writer: Child, store: Store) -> Reading:
        lagging = self._lagging
        lagging.servers.rest()
        cpu_before = source.cpu_s + partner.cpu_s
        with watching(store, lagging.kind) as observer:
            written = lagging.carry(writer, partner)
            observer.await_position(written.positions[-1], STALLED_SECONDS)
        measured = 1 - lagging.load.unmeasured / lagging.load.count
        reading = lagging.reading(
            written,
            observer.seen,
            cpu_s=(source.cpu_s + partner.cpu_s - cpu_before) * measured,
            peak_rss_mb=max(source.peak_rss_mb, partner.peak_rss_mb),
        )
        require_content(store, lagging.load.backlog.result())
        return reading

    @contextmanager
    def _places(self) -> Iterator[Places]:
        servers, kind = self._lagging.servers, self._lagging.kind
        servers.prepare_broker()
        places = Places(
            source_store=servers.new_store(kind),
            partner_store=servers.new_store(kind),
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
        child = running.enter_context(Child(MODULE, pool, self._lagging.servers.directory / f"{pool}.log"))
        child.tell("open", places=places)
        child.hear(READY_SECONDS)
        return child


def _go(child: Child) -> None:
    child.tell("go")
    child.hear(READY_SECONDS)


@contextmanager
def watching(store: Store, kind: StoreKind) -> Iterator[Observer]:
    """Watch a partner's store while the block runs."""

    def look() -> int:
        cursor = store.import_progress(STREAM).cursor
        return -1 if cursor is None else cursor.position

    with ExitStack() as ending:
        wait: Callable[[], object]
        if kind is StoreKind.POSTGRESQL:
            wakeups = store.wakeups()
            ending.callback(wakeups.close)
            wait = lambda: wakeups.wait(POSTGRESQL_LOOK)  # noqa: E731 - it closes over what is to be closed
        else:  # There is one listener at a time, which the partner's own front end has to be.
            pause = threading.Event()
            wait = lambda: pause.wait(SQLITE_LOOK)  # noqa: E731 - as above
        yield ending.enter_context(Observer(look, wait))
