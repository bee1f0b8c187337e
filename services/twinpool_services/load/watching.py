"""Watches what becomes of a load: how far the partner has imported, states, queues, and what the front ends cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from twinpool.brokers.rabbitmq.depths import QueueDepths
from twinpool.brokers.topology import queue_to
from twinpool.errors import BrokerUnreachable
from twinpool.modules.registry import load_modules
from twinpool.ports.store import Store
from twinpool.security.passwords import broker_url_of
from twinpool.security.tls import broker_tls
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import FrontEndName, ModuleName, Stream
from twinpool_services.load.operations import NANO
from twinpool_services.load.places import Places
from twinpool_services.measuring.observing import Observer
from twinpool_services.measuring.process_cost import cpu_seconds, rss_mb

ANSWER = httpx.Timeout(5.0, connect=1.0)
HTTP_LOOK = 0.05  #: seconds between two questions to the partner: each costs it some milliseconds
STORE_LOOK = 0.005  #: seconds between two looks into the partner's store
SAMPLE = 0.5  #: seconds between two samples

Row = Mapping[str, object]


def store_look(store: Store, stream: Stream) -> Callable[[], int]:
    """Return what tells how far a store has imported."""

    def look() -> int:
        cursor = store.import_progress(stream).cursor
        return -1 if cursor is None else cursor.position

    return look


def http_look(http: httpx.Client, addresses: Sequence[str], stream: Stream) -> Callable[[], int]:
    """Return what tells how far a pool has imported, by the word of any of its front ends; -1 if none answers."""

    def look() -> int:
        for address in addresses:
            try:
                answer = http.get(f"{address}/v1/homes/{stream.home}/modules/{stream.module}/import-progress")
            except httpx.HTTPError:  # Another one may answer; if none does, nothing is seen.
                continue
            if answer.is_success:
                position = answer.json()["Position"]
                return -1 if position is None else int(position)
        return -1

    return look


def status_rows(http: httpx.Client, pool: Pool) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a pool's backup status by the word of any of its front ends; none if none answers."""
    for front_end in pool.front_ends:
        try:
            answer = http.get(f"{front_end.address}/v1/pools/{pool.fqdn}/backup-status")
        except httpx.HTTPError:  # Another one may answer; if none does, nothing is seen.
            continue
        if answer.is_success:
            return list(answer.json()["BackupModules"])
    return []


@contextmanager
def observing(
    places: Places, modules: Sequence[ModuleName], *, in_store: bool
) -> Iterator[Mapping[ModuleName, Observer]]:
    """Watch while the block runs how far each module's changes have been imported."""
    with ExitStack() as ending:
        observers = {}
        for module in modules:
            pool, stream = places.imported_by(module), places.stream(module)
            if in_store:
                look = store_look(ending.enter_context(closing(open_store(pool.store, pool.fqdn))), stream)
            else:
                http = ending.enter_context(places.http())
                look = http_look(http, [one.address for one in pool.front_ends], stream)
            pause = threading.Event()
            every = STORE_LOOK if in_store else HTTP_LOOK
            observers[module] = ending.enter_context(Observer(look, lambda p=pause, e=every: p.wait(e)))  # type: ignore[misc]
        yield observers


@dataclass
class Samples:
    """What was seen twice a second."""

    states: list[Row] = field(default_factory=list)
    processes: list[Row] = field(default_factory=list)
    queues: list[Row] = field(default_factory=list)


class Sampler:
    """Takes samples in a thread of its own while the block runs."""

    def __init__(self, places: Places, processes: Mapping[FrontEndName, int], began_ns: Callable[[], int]) -> None:
        """`processes` are the front ends on this machine, by name, with their process numbers."""
        self._places, self._processes, self._began_ns = places, processes, began_ns
        self.samples = Samples()
        self._stop = threading.Event()
        self._cpu: dict[FrontEndName, tuple[float, float]] = {}
        self._depths: QueueDepths | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take samples while the block runs."""
        thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(30.0)

    def _run(self) -> None:
        with self._places.http() as http, ExitStack() as ending:
            while True:
                self._sample_states(http)
                self._sample_processes()
                self._sample_queues(ending)
                if self._stop.wait(SAMPLE):
                    return

    def _at(self) -> float:
        return round((time.monotonic_ns() - self._began_ns()) / NANO, 3)

    def _sample_states(self, http: httpx.Client) -> None:
        for one in status_rows(http, self._places.serving):
            self.samples.states.append(
                {
                    "at_s": self._at(),
                    "module": str(one["Identity"]),
                    "state": str(one["ExportStatus"]),
                    "pending": int(one["PendingChanges"]),
                    "oldest_s": float(one["OldestPendingSeconds"] or 0.0),
                }
            )

    def _sample_processes(self) -> None:
        for name, pid in self._processes.items():
            spent, now = cpu_seconds([pid]), time.monotonic()
            before, then = self._cpu.get(name, (spent, now))
            self._cpu[name] = (spent, now)
            if now > then:
                percent = max(0.0, (spent - before) / (now - then) * 100)
                self.samples.processes.append(
                    {
                        "at_s": self._at(),
                        "front_end": str(name),
                        "cpu_percent": round(percent, 1),
                        "rss_mb": round(rss_mb(pid), 1),
                    }
                )

    def _sample_queues(self, ending: ExitStack) -> None:
        names = [queue_to(pool.fqdn, module) for pool in self._places.pools for module in load_modules().names]
        try:
            if self._depths is None:
                serving = self._places.serving
                depths = QueueDepths(broker_url_of(serving), tls=broker_tls(self._places.deployment, serving))
                self._depths = ending.enter_context(depths)
            found = self._depths.ready(names)
        except BrokerUnreachable:  # During an outage nothing is seen; afterwards we connect anew.
            self._depths = None
            return
        for name, count in found.items():
            self.samples.queues.append({"at_s": self._at(), "queue": name, "ready": count})
