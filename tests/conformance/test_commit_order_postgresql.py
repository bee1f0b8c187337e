"""Positions are taken before commits, and here many transactions make the most of it.

The schedules go through the statements of the store itself, with pauses between them that its own calls leave no
time for.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.conformance.streams import (
    FIRST,
    FOR_LONG,
    HOME,
    PARTNER,
    POOL,
    STREAM,
    committed,
    eventually,
    put,
    records,
    replay,
    serve,
    transaction,
)
from tests.servers import PostgresqlServer
from twinpool.errors import HomeReadOnly
from twinpool.stores.postgresql import PostgresqlStore
from twinpool.stores.postgresql.net_effect import net_effect, write_beside_others
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.writing import entering, standings_of
from twinpool.vocabulary.change import Change, ChangeSet
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, PoolFqdn, Position, Route
from twinpool.wire import decode_changes, encode_changes

pytestmark = pytest.mark.postgresql

WRITERS = 12
TRANSACTIONS = 50  #: of each writer
KEYS = 8  #: so few that writers meet at them all the time


@dataclass
class Databases:
    """Stores of both pools, each in a database of its own, and raw connections to the first."""

    server: PostgresqlServer
    template: str
    cleanup: ExitStack
    names: dict[PoolFqdn, str] = field(default_factory=dict)

    def store(self, pool: PoolFqdn) -> PostgresqlStore:
        store = PostgresqlStore(self.url(pool), pool)
        self.cleanup.callback(store.close)
        serve(store)
        return store

    def connect(self) -> psycopg.Connection[Any]:
        return self.cleanup.enter_context(psycopg.connect(self.url(POOL)))

    def url(self, pool: PoolFqdn) -> str:
        if pool not in self.names:
            self.names[pool] = self.server.create(template=self.template)
            self.cleanup.callback(self.server.drop, self.names[pool])
        return self.server.url(self.names[pool])


@pytest.fixture
def databases(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[Databases]:
    with ExitStack() as cleanup:
        yield Databases(postgresql, postgresql_template, cleanup)


@pytest.fixture
def store(databases: Databases) -> PostgresqlStore:
    store = databases.store(POOL)
    store._streams.make(STREAM)
    return store


class Writer:
    """A transaction of the store, one step at a time."""

    def __init__(self, connection: psycopg.Connection[Any], store: PostgresqlStore) -> None:
        self._connection = connection
        self._stream_id = store._streams.make(STREAM)
        self._changes: list[Change] = []
        self._record_set = 0

    def begin(self) -> None:
        """Get an id, and the right to write."""
        for name, parameters in entering({HOME}, [self._stream_id]):
            found = self._connection.execute(SQL[name], parameters)
        self._record_set = standings_of(found.fetchall())[self._stream_id].record_set

    def change(self, *changes: Change) -> None:
        """Lock and change records."""
        self._changes = list(changes)
        write_beside_others(self._connection, {self._record_set: net_effect(changes)})

    def take_position(self) -> Position:
        """Log the change set."""
        parameters = {
            "streams": [self._stream_id],
            "counts": [len(self._changes)],
            "payloads": [encode_changes(self._changes)],
        }
        row = self._connection.execute(SQL["append_change_sets"], parameters).fetchone()
        assert row is not None
        return Position(row[0])

    def end(self, *, commit: bool = True) -> None:
        if commit:
            self._connection.commit()
        else:
            self._connection.rollback()


def run_schedule(url: str, store: PostgresqlStore, seed: int) -> list[Position]:
    """Run transactions with early ids, late locks, slow commits and rollbacks; return what was committed."""
    chance, pause = random.Random(seed), threading.Event()
    positions = []
    with psycopg.connect(url) as connection:
        for number in range(TRANSACTIONS):
            writer = Writer(connection, store)
            writer.begin()
            pause.wait(chance.choice((0, 0, 0.002, 0.01)))
            writer.change(*(some_change(chance, f"{seed}.{number}") for _ in range(chance.randint(1, 3))))
            pause.wait(chance.choice((0, 0, 0.002)))
            position = writer.take_position()
            pause.wait(chance.choice((0, 0, 0.002, 0.01)))
            kept = chance.random() > 0.2
            writer.end(commit=kept)
            if kept:
                positions.append(position)
    return positions


def some_change(chance: random.Random, value: str) -> Change:
    return Change("owner", str(chance.randrange(KEYS)), None if chance.random() < 0.4 else value.encode())


def whole_log(store: PostgresqlStore) -> list[ChangeSet]:
    """Collect until nothing comes any more; each call ends at a gap that it sees for the first time."""
    log: list[ChangeSet] = []
    while batch := store.collect(STREAM, after=log[-1].position if log else ORIGIN, max_changes=100, max_bytes=1 << 20):
        log += batch
    return log


class Exporter:
    """Collects and applies until everything has been."""

    def __init__(self, source: PostgresqlStore, target: PostgresqlStore) -> None:
        self.source, self.target = source, target
        self.generation = target.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
        target.note_session(STREAM, FIRST, generation=self.generation)
        target.begin(STREAM, session=FIRST, generation=self.generation)
        self.applied: list[Position] = []

    def run(self, finished: threading.Event) -> None:
        while True:
            last_round = finished.is_set()
            if not self.replicate() and last_round and self.at == self.source.head(STREAM):
                return

    @property
    def at(self) -> Position:
        return self.applied[-1] if self.applied else ORIGIN

    def replicate(self) -> list[ChangeSet]:
        batch = self.source.collect(STREAM, after=self.at, max_changes=7, max_bytes=1 << 20)
        if batch:
            changes = [change for each in batch for change in decode_changes(each.payload)]
            self.target.apply(
                STREAM,
                changes,
                session=FIRST,
                after=self.at,
                upto=batch[-1].position,
                generation=self.generation,
            )
            self.applied += [each.position for each in batch]
        return batch


@contextmanager
def naive_reader(url: str, store: PostgresqlStore) -> Iterator[list[Position]]:
    """Read along by "position > last seen" until the block is over."""
    seen: list[Position] = []
    stop = threading.Event()
    query = b"SELECT position FROM change_set WHERE stream_id = %s AND position > %s ORDER BY position"

    def read() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while True:
                last_round = stop.is_set()
                after = seen[-1] if seen else ORIGIN
                found = connection.execute(query, (store._streams.make(STREAM), after)).fetchall()
                seen.extend(position for (position,) in found)
                if last_round and not found:
                    return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_each_committed_change_set_is_applied_once_whatever_the_order_of_commits(
    databases: Databases, store: PostgresqlStore
) -> None:
    """The replica becomes equal; the cursor that remembers the last seen position misses some on the same schedule."""
    url = databases.url(POOL)
    exporter = Exporter(store, databases.store(PARTNER))
    finished = threading.Event()
    with ThreadPoolExecutor(WRITERS + 1) as threads, naive_reader(url, store) as seen_naively:
        exporting = threads.submit(exporter.run, finished)
        writing = [threads.submit(run_schedule, url, store, seed) for seed in range(WRITERS)]
        try:
            kept = sorted(position for writer in writing for position in writer.result())
        finally:
            finished.set()
        exporting.result()

    assert exporter.applied == kept
    assert records(exporter.target) == records(store)
    assert set(seen_naively) < set(kept), "the schedule was too tame to show anything"


def test_positions_follow_the_order_in_which_records_were_changed(databases: Databases, store: PostgresqlStore) -> None:
    """Replaying the log gives the records, also where writers delete what others are just adding."""
    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(lambda seed: run_schedule(databases.url(POOL), store, seed), range(100, 100 + WRITERS)))

    log = whole_log(store)

    assert log[-1].position == store.head(STREAM)
    assert replay([each.payload for each in log]) == records(store)


def test_calls_of_many_threads_replicate_as_one_log(databases: Databases, store: PostgresqlStore) -> None:
    exporter, finished = Exporter(store, databases.store(PARTNER)), threading.Event()

    def write_much(seed: int) -> list[Position]:
        chance = random.Random(seed)
        return [
            position
            for number in range(20)
            for position in committed(
                store, *(transaction(some_change(chance, f"{seed}.{number}")) for _ in range(chance.randint(1, 5)))
            )
        ]

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        exporting = threads.submit(exporter.run, finished)
        try:
            kept = sorted(position for positions in threads.map(write_much, range(WRITERS)) for position in positions)
        finally:
            finished.set()
        exporting.result()

    assert exporter.applied == kept
    assert records(exporter.target) == records(store)


def overtaking(databases: Databases, store: PostgresqlStore) -> Writer:
    """Return a transaction that holds position 1 while position 2 is committed, and that has the higher id.

    Its id is above that of every completed transaction, so the snapshot's xmax does not know of it.
    """
    quick, slow = Writer(databases.connect(), store), Writer(databases.connect(), store)
    quick.begin()
    slow.begin()
    slow.change(Change("slow", "k", b"1"))
    assert slow.take_position() == 1
    quick.change(Change("quick", "k", b"2"))
    assert quick.take_position() == 2
    quick.end()
    return slow


def collected(store: PostgresqlStore) -> list[Position]:
    return [each.position for each in store.collect(STREAM, after=ORIGIN, max_changes=100, max_bytes=1 << 20)]


def test_a_position_is_waited_for_whose_transaction_has_the_highest_id_of_all(
    databases: Databases, store: PostgresqlStore
) -> None:
    slow = overtaking(databases, store)
    for _ in range(5):
        assert collected(store) == []
        assert store.settled(STREAM) == ORIGIN

    slow.end()

    assert collected(store) == [1, 2]
    assert store.settled(STREAM) == 2


def test_two_positions_are_waited_for_while_the_lower_id_of_them_ends(
    databases: Databases, store: PostgresqlStore
) -> None:
    """That a transaction has ended moves the snapshot's xmin past its id, but not past what was drawn after it."""
    quick, slow, slower = (Writer(databases.connect(), store) for _ in range(3))
    for writer in (quick, slow, slower):
        writer.begin()
    for writer, name in ((slower, "slower"), (slow, "slow"), (quick, "quick")):
        writer.change(Change(name, "k", b"v"))
        writer.take_position()
    quick.end()
    assert collected(store) == []

    slow.end(commit=False)

    for _ in range(5):
        assert collected(store) == []
    slower.end()
    assert collected(store) == [1, 3]


def test_a_position_that_was_rolled_back_is_passed_over_at_once(databases: Databases, store: PostgresqlStore) -> None:
    overtaking(databases, store).end(commit=False)

    assert collected(store) == [2]
    assert store.settled(STREAM) == 2


def test_nothing_is_pruned_behind_which_something_may_still_commit(
    databases: Databases, store: PostgresqlStore
) -> None:
    generation = store.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
    slow = overtaking(databases, store)

    assert store.prune(STREAM, up_to=Position(2), generation=generation) == 0

    slow.end()
    assert store.oldest(STREAM) == ORIGIN
    assert store.prune(STREAM, up_to=Position(2), generation=generation) == 2


def blocked(databases: Databases, *, count: int = 1) -> bool:
    """Say whether so many sessions of this database wait for a lock."""
    query = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(databases.url(POOL), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return bool(row[0] >= count)


def test_a_delete_waits_for_whoever_is_just_adding_the_record(databases: Databases, store: PostgresqlStore) -> None:
    """Else the record would live on here, although the log ends with its deletion."""
    adding = Writer(databases.connect(), store)
    adding.begin()
    adding.change(Change("a", "k", b"v"))
    adding.take_position()
    with ThreadPoolExecutor(1) as threads:
        deleting = threads.submit(store.write, [transaction(("a", "k", None))])
        assert eventually(lambda: deleting.done() or blocked(databases))
        adding.end()
        deleting.result()

    assert replay([each.payload for each in whole_log(store)]) == records(store) == []


def test_a_change_of_mode_waits_for_the_writers_under_the_old_one(databases: Databases, store: PostgresqlStore) -> None:
    generation = store.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
    writer = Writer(databases.connect(), store)
    writer.begin()
    with ThreadPoolExecutor(2) as threads:
        changing = threads.submit(store.set_mode, HOME, Mode.READ_ONLY, generation=generation)
        assert eventually(lambda: blocked(databases))
        late = threads.submit(store.write, [put("late")])
        assert eventually(lambda: blocked(databases, count=2))
        assert not changing.done()
        writer.change(Change("early", "k", b"v"))
        writer.take_position()
        writer.end()
        changing.result()
        (refused,) = late.result()

    assert isinstance(refused, HomeReadOnly)
    assert [record.owner for record in records(store)] == ["early"]


def test_a_take_over_waits_for_what_the_former_holder_is_committing(
    databases: Databases, store: PostgresqlStore
) -> None:
    """And a renewal by the holder itself does not."""
    lease = store.acquire_lease(FrontEndName("fe1"), FOR_LONG)
    fenced = databases.connect()
    assert fenced.execute(SQL["hold_generation"], {"generation": lease.generation}).fetchone() is not None
    store.renew_lease(lease, timedelta(0))
    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(store.acquire_lease, FrontEndName("fe2"), FOR_LONG)
        assert eventually(lambda: blocked(databases))
        assert not taking.done()
        fenced.commit()
        taken = taking.result()

    assert taken.generation == Generation(lease.generation + 1)


@pytest.mark.parametrize("commit", [True, False])
def test_a_standing_is_settled_up_to_a_gap_that_may_still_be_filled(
    databases: Databases, store: PostgresqlStore, commit: bool
) -> None:
    route = Route(STREAM, PARTNER)
    (before,) = committed(store, put("a"))
    slow = Writer(databases.connect(), store)
    slow.begin()
    slow.change(Change("slow", "k", b"v"))
    slow.take_position()
    (behind,) = committed(store, put("b"))

    (open_gap,) = store.route_standings([route])
    slow.end(commit=commit)
    committed(store, put("c"))
    store.route_standings([route])
    (closed,) = store.route_standings([route])

    assert (open_gap.head, open_gap.settled) == (behind, before)
    assert closed.settled == closed.head > behind
    assert closed.pending.changes == (4 if commit else 3)
