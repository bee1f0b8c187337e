"""No write of a term outlives it, and no process goes by what it remembers of a former log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from tests.conformance.streams import HOME, MODULE, PARTNER, POOL, STREAM, committed, eventually, put, records
from tests.conformance.terms import Side, beginning, logged
from tests.conformance.test_commit_order_postgresql import Databases, Writer, blocked, collected
from tests.servers import PostgresqlServer
from twinpool.errors import HomeNotServed
from twinpool.stores.postgresql import PostgresqlStore
from twinpool.stores.postgresql.backlog import SPAN
from twinpool.vocabulary.change import Change, Committed, RecordKey
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import ORIGIN, Position, Term

pytestmark = pytest.mark.postgresql


@pytest.fixture
def databases(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[Databases]:
    with ExitStack() as cleanup:
        yield Databases(postgresql, postgresql_template, cleanup)


@pytest.fixture
def side(databases: Databases) -> Side:
    return Side(databases.store(POOL))


@pytest.fixture
def store(side: Side) -> PostgresqlStore:
    assert isinstance(side.store, PostgresqlStore)
    return side.store


def set_back(side: Side, *, fork: int, upto: int) -> None:
    """Give way at a fork, import up to a position, and serve again."""
    store, term = side.store, side.status.term
    other = beginning(term + 1, fork)
    store.demote(HOME, [other], serving_pool=PARTNER, term=other.term, generation=side.generation)
    repairs = store.repairs(STREAM, limit=1 << 20)
    store.note_repaired(STREAM, repairs, generation=side.generation)
    session = side.session(term + 1)
    store.apply(STREAM, [], session=session, after=Position(fork), upto=Position(upto), generation=side.generation)
    side.take_over(term + 2)


def while_a_write_is_under_way(databases: Databases, store: PostgresqlStore, ending: Callable[[], object]) -> None:
    """Have a term ended while a transaction has begun to write, and another wants to."""
    writer = Writer(databases.connect(), store)
    writer.begin()
    with ThreadPoolExecutor(2) as threads:
        ended = threads.submit(ending)
        assert eventually(lambda: blocked(databases))
        late = threads.submit(store.write, [put("late")])
        assert eventually(lambda: blocked(databases, count=2))
        assert not ended.done()
        writer.change(Change("early", "k", b"v"))
        writer.take_position()
        writer.end()
        ended.result()
        (refused,) = late.result()
    assert isinstance(refused, HomeNotServed)
    assert [record.owner for record in records(store)] == ["early"]


def test_giving_way_waits_for_the_writes_that_began_before(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    def give_way() -> None:
        store.demote(HOME, [beginning(2, 0)], serving_pool=PARTNER, term=Term(2), generation=side.generation)

    while_a_write_is_under_way(databases, store, give_way)
    assert [each.change.owner for each in store.orphans()] == ["early"]


def test_giving_up_waits_for_the_writes_that_began_before(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    """Even for such that have found the home writable although it is read-only by now."""
    with psycopg.connect(databases.url(POOL), autocommit=True) as connection:

        def give_up() -> None:
            connection.execute("UPDATE home SET mode = %s", (Mode.READ_ONLY,))
            store.give_up(HOME, [MODULE], term=Term(2), to=PARTNER, generation=side.generation)

        while_a_write_is_under_way(databases, store, give_up)
    assert store.history(HOME) == [beginning(2, 1)]


def test_taking_over_waits_for_the_batch_that_is_just_being_applied(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    partner = PostgresqlStore(databases.url(PARTNER), PARTNER)
    databases.cleanup.callback(partner.close)
    other = Side(partner)
    committed(store, put("a"), put("b"))
    other.import_from(store, up_to=1)
    applying = databases.cleanup.enter_context(psycopg.connect(databases.url(PARTNER)))
    applying.execute("SELECT 1 FROM import_progress FOR UPDATE")
    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(other.take_over, 2)
        assert eventually(lambda: waits(databases.url(PARTNER)))
        applying.execute("UPDATE import_progress SET cursor_position = 2")
        applying.commit()
        assert taking.result() == [beginning(2, 2)]


def waits(url: str) -> bool:
    query = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as connection:
        ((count,),) = connection.execute(query).fetchall()
    return bool(count)


def test_each_write_beside_the_end_of_a_term_is_before_it_or_refused(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    """Every write that a client was told of is an orphan, and nothing else is."""
    others = [databases.store(POOL) for _ in range(3)]

    def write_until_refused(index: int) -> list[Position]:
        positions: list[Position] = []
        for number in range(100_000):
            (outcome,) = others[index].write([put(f"writer{index}", str(number))])
            if not isinstance(outcome, Committed):
                assert isinstance(outcome, HomeNotServed)
                return positions
            positions.append(outcome.position)
        pytest.fail("the term did not end")

    with ThreadPoolExecutor(len(others)) as threads:
        writing = [threads.submit(write_until_refused, index) for index in range(len(others))]
        assert eventually(lambda: store.head(STREAM) > 100)
        counts = store.demote(HOME, [beginning(2, 0)], serving_pool=PARTNER, term=Term(2), generation=side.generation)
        told = sorted(position for future in writing for position in future.result())
    assert [each.position for each in store.orphans(limit=1 << 20)] == told
    assert counts == {MODULE: len(told)}
    assert store.head(STREAM) == ORIGIN


# ── what other processes remember ───────────────────────────────────────────────────────────────────────────────


def test_a_gap_in_the_new_log_is_waited_for_that_the_old_log_had_decided(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    """Else a process that knew the old log would pass over a change set that is just being committed."""
    bystander = databases.store(POOL)
    for _ in range(2):
        writer = Writer(databases.connect(), store)
        writer.begin()
        writer.change(Change("o", "rolled back", b"v"))
        writer.take_position()
        writer.end(commit=False)
        committed(store, put("o"))
    assert collected(bystander) == collected(store) == [2, 4]
    assert bystander.settled(STREAM) == 4
    set_back(side, fork=0, upto=0)

    slow, quick = Writer(databases.connect(), store), Writer(databases.connect(), store)
    for writer, owner in ((slow, "slow"), (quick, "quick")):
        writer.begin()
        writer.change(Change(owner, "k", b"v"))
        writer.take_position()
    quick.end()
    for process in (bystander, store):
        assert collected(process) == []
        assert process.settled(STREAM) == ORIGIN
    slow.end()
    for process in (bystander, store):
        assert collected(process) == [1, 2]
        assert process.settled(STREAM) == 2


def test_sums_over_a_long_log_are_those_of_the_log_that_is_there(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    bystander = databases.store(POOL)
    store.write([put("o", str(n % 100)) for n in range(3 * SPAN)])
    for process in (bystander, store):
        assert process.pending(STREAM, after=ORIGIN).changes == 3 * SPAN
    set_back(side, fork=100, upto=200)
    for process in (bystander, store):
        assert process.pending(STREAM, after=Position(200)).changes == 0
        assert process.settled(STREAM) == process.head(STREAM) == 200
    double = [put("o", "1"), put("o", "2")] * SPAN
    positions = committed(store, *double)
    assert positions[0] == 201
    for process in (bystander, store):
        assert process.pending(STREAM, after=Position(200)).changes == 2 * SPAN
        assert process.settled(STREAM) == positions[-1]


def test_pruning_does_not_reach_into_the_log_of_another_term(
    databases: Databases, side: Side, store: PostgresqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has looked at the old log before it was replaced prunes nothing of the new one."""
    committed(store, *(put("o", str(n)) for n in range(1, 6)))
    seen = store._settled_log(store._streams.make(STREAM))
    set_back(side, fork=1, upto=2)
    committed(store, put("new"), put("newer"))
    monkeypatch.setattr(store, "_settled_log", lambda _: seen)
    assert store.prune(STREAM, up_to=Position(5), generation=side.generation) == 0
    assert store.oldest(STREAM) == 2
    assert [position for position, _ in logged(store, after=2)] == [3, 4]


def test_positions_go_on_behind_a_beginning_whatever_was_taken_before(side: Side, store: PostgresqlStore) -> None:
    committed(store, *(put("o", str(n)) for n in range(1, 10)))
    set_back(side, fork=5, upto=7)
    assert committed(store, put("lower")) == [8]
    set_back(side, fork=8, upto=1000)
    assert committed(store, put("higher")) == [1001]


# ── touching beside writers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("value", [b"new", None])
def test_touching_waits_for_whoever_is_just_changing_the_record(
    databases: Databases, side: Side, store: PostgresqlStore, value: bytes | None
) -> None:
    committed(store, put("o", "k", b"old"))
    writer = Writer(databases.connect(), store)
    writer.begin()
    writer.change(Change("o", "k", value), Change("added", "k", b"v"))
    with ThreadPoolExecutor(1) as threads:
        touching = threads.submit(store.touch, STREAM, [RecordKey("o", "k"), RecordKey("added", "k")])
        assert eventually(lambda: touching.done() or blocked(databases))
        writer.take_position()
        writer.end()
        assert touching.result() == 3
    assert logged(store, after=2) == [(3, [Change("added", "k", b"v"), Change("o", "k", value)])]


def test_a_record_that_is_added_after_it_was_touched_stays(
    databases: Databases, side: Side, store: PostgresqlStore
) -> None:
    store.touch(STREAM, [RecordKey("o", "k")])
    committed(store, put("o", "k", b"new"))
    assert [changes for _, changes in logged(store)] == [[Change("o", "k", None)], [Change("o", "k", b"new")]]
    assert [record.value for record in records(store)] == [b"new"]
