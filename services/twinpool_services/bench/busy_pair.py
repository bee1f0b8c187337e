"""A pair that a writer keeps busy, and what of it the partner has acknowledged in some time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import Home, Position, Route, Stream
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.record_writing import transaction
from twinpool_services.measuring.process_cost import cpu_seconds

GROUP = 20  #: transactions that the writer commits at once
CHANGES = 100  #: of each
LEAD = 50_000  #: changes that the writer may be ahead of what is acknowledged
SETTLE = 3.0  #: seconds of load before anything is counted
LOOK = 0.02  #: seconds between two looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was replicated in some time."""

    seconds: float
    changes: int
    cpu_s: float = 0.0  #: that the front ends of both pools have spent meanwhile

    @property
    def cpu_s_per_100k(self) -> float:
        """Processor seconds of the front ends for 100,000 changes."""
        return self.cpu_s / max(1, self.changes) * 100_000

    @property
    def rate(self) -> float:
        """Changes a second."""
        return self.changes / self.seconds


class BusyPair:
    """The first pool of a deployment of two, which writes, and its partner."""

    def __init__(self, deployment: Deployment, pids: Sequence[int] = ()) -> None:
        """Write nothing yet; what these processes spend is counted."""
        self._pids = pids
        self._first, second = deployment.pools
        self.stream = Stream(Home(self._first.fqdn), PresenceFocus.name)
        self._route = Route(self.stream, second.fqdn)

    @contextmanager
    def writing(self, records: int) -> Iterator[None]:
        """Change so many records as fast as the partner takes them while the block runs. Raises `BenchFailed`."""
        over = threading.Event()
        failed: list[BaseException] = []
        thread = threading.Thread(target=self._write, args=(records, over, failed), name="writer")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if failed:
            raise BenchFailed(f"the writer has ended: {failed[0]}")

    @contextmanager
    def counted(self, store: Store, spans: list[Span]) -> Iterator[None]:
        """Note what is acknowledged while the block runs."""
        before, spent, began = self.acknowledged(store), self._cpu_s(), time.monotonic()
        yield
        after, ended = self.acknowledged(store), time.monotonic()
        spans.append(Span(seconds=ended - began, changes=(after - before) * CHANGES, cpu_s=self._cpu_s() - spent))

    def acknowledged(self, store: Store) -> Position:
        """Return how far the partner has everything."""
        return store.export_ledger(self._route).acknowledged

    def _cpu_s(self) -> float:
        return cpu_seconds(self._pids)

    def _write(self, records: int, over: threading.Event, failed: list[BaseException]) -> None:
        try:
            with closing(open_store(self._first.store, self._first.fqdn)) as store:
                while not over.is_set():
                    chosen = [random.sample(range(records), min(CHANGES, records)) for _ in range(GROUP)]
                    outcomes = store.write([transaction(self.stream, numbers) for numbers in chosen])
                    failed += [each for each in outcomes if isinstance(each, Exception)]
                    while not over.wait(0) and self._lead(store) > LEAD:
                        over.wait(LOOK)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for it
            failed.append(error)

    def _lead(self, store: Store) -> int:
        return (store.head(self.stream) - self.acknowledged(store)) * CHANGES
