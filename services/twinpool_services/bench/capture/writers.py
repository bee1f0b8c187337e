"""Concurrent writers, each with one change a transaction, as the threads of a front end are."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from twinpool.errors import TwinpoolError
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Store
from twinpool.stores.commit_group import CommitGroup, Writing
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, PoolFqdn, Stream, Term
from twinpool.wire import encode_changes
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.measuring import Reading

POOL = PoolFqdn("source.bench")
STREAM = Stream(Home(POOL), PresenceFocus.name)
KEYS_OF_WRITER = 5_000
VALUE_BYTES = 96
WARM_UP = 0.5  #: seconds in which one writer opens connections and has statements planned, for all contenders


class Written(Writing, Protocol):
    """What is written to."""

    def count(self) -> int:
        """Count the records."""

    def close(self) -> None:
        """Close it."""


class Capturing:
    """A pool store: records and log in one transaction, behind the fence of the home."""

    def __init__(self, url: str) -> None:
        """Create the store."""
        self._store: Store = open_store(url, POOL)
        self._store.declare_home(HomeStatus(home=STREAM.home, term=Term(1), serving_pool=POOL, mode=Mode.READ_WRITE))
        self.write, self.close = self._store.write, self._store.close

    def count(self) -> int:
        """Count the records."""
        return self._store.record_count(STREAM)


@dataclass(frozen=True, slots=True)
class Writers:
    """A contender: so many threads write for so long into something new."""

    name: str
    writers: int
    duration: timedelta
    create: Callable[[], Written]

    def run(self) -> Reading:
        """Write. Raises `BenchFailed` if a write is refused or a record is not there in the end."""
        written = self.create()
        try:
            group = CommitGroup(written)
            warm = _write(group, 0, time.perf_counter() + WARM_UP)
            began, cpu = time.perf_counter(), time.process_time()
            until = began + self.duration.total_seconds()
            with ThreadPoolExecutor(self.writers) as threads:
                results = list(threads.map(lambda number: _write(group, number, until), range(self.writers)))
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            distinct = len(set[str]().union(*(keys for _, keys in (warm, *results))))
            if written.count() != distinct:
                raise BenchFailed(f"{self.name}: {written.count()} records are there, {distinct} were written")
        finally:
            written.close()
        return Reading(changes=sum(count for count, _ in results), seconds=seconds, cpu_s=cpu)


def _write(group: CommitGroup, number: int, until: float) -> tuple[int, set[str]]:
    """Commit one change after another; return how many, and of which keys."""
    chance, value = random.Random(number), os.urandom(VALUE_BYTES)  # noqa: S311 - no secret
    owner, count, keys = f"sip:user{number}@example.com", 0, set[str]()
    while time.perf_counter() < until:
        key = f"contact/{chance.randrange(KEYS_OF_WRITER)}"
        change = Change(owner, key, value)
        try:
            group.commit(Transaction(stream=STREAM, changes=(change,), payload=encode_changes((change,))))
        except TwinpoolError as error:
            raise BenchFailed(f"a write was refused: {error}") from error
        keys.add(f"{owner} {key}")
        count += 1
    return count, keys
