from __future__ import annotations

from tests.conformance.backends import Stores
from tests.conformance.streams import (
    HOME,
    MODULE,
    OTHER_STREAM,
    PARTNER,
    STREAM,
    committed,
    put,
    records,
    serve,
    transaction,
)
from twinpool.errors import HomeNotServed, HomeReadOnly, InvalidRecord
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Committed, Record, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import ORIGIN, Home, PoolFqdn, Stream, Term


def test_a_record_is_read_as_it_was_written(store: Store) -> None:
    serve(store)
    committed(store, put("alice", "contacts", bytes(range(256))), put("alice", "empty", b""))
    assert store.read(STREAM, RecordKey("alice", "contacts")) == bytes(range(256))
    assert store.read(STREAM, RecordKey("alice", "empty")) == b""
    assert store.read(STREAM, RecordKey("alice", "nothing")) is None
    assert store.read(OTHER_STREAM, RecordKey("alice", "contacts")) is None


def test_an_outcome_tells_position_term_and_time(store: Store) -> None:
    store.declare_home(HomeStatus(home=HOME, term=Term(7), serving_pool=store.pool, mode=Mode.READ_WRITE))
    before = store.now()
    first, second = store.write([put("a"), put("b")])
    after = store.now()
    assert isinstance(first, Committed)
    assert isinstance(second, Committed)
    assert ORIGIN < first.position < second.position
    assert first.term == Term(7)
    assert before <= first.at <= second.at <= after


def test_each_stream_has_positions_of_its_own(store: Store) -> None:
    serve(store)
    mine = committed(store, *[put(f"o{n}") for n in range(3)])
    (others,) = committed(store, put("o", stream=OTHER_STREAM))
    assert mine == sorted(set(mine))
    assert others == mine[0]


def test_later_changes_win_within_a_transaction_and_a_group(store: Store) -> None:
    serve(store)
    committed(
        store,
        transaction(("o", "1", b"a"), ("o", "1", b"b"), ("o", "2", b"c"), ("o", "2", None)),
        transaction(("o", "3", b"d")),
        transaction(("o", "3", None), ("o", "4", b"e")),
        transaction(("o", "4", b"f"), ("o", "5", None), ("o", "5", b"g")),
    )
    assert records(store) == [Record("o", "1", b"b"), Record("o", "4", b"f"), Record("o", "5", b"g")]


def test_deleting_what_is_not_there_is_no_error_and_is_logged(store: Store) -> None:
    serve(store)
    committed(store, transaction(("o", "k", None)))
    (change_set,) = store.collect(STREAM, after=ORIGIN, max_changes=10, max_bytes=1 << 20)
    assert change_set.change_count == 1


def test_writing_nothing_commits_nothing(store: Store) -> None:
    assert store.write([]) == []


def test_a_home_of_another_pool_refuses_with_its_name(store: Store) -> None:
    store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=PARTNER, mode=Mode.READ_WRITE))
    (outcome,) = store.write([put("o")])
    assert isinstance(outcome, HomeNotServed)
    assert (outcome.home, outcome.serving_pool) == (HOME, PARTNER)


def test_an_unknown_home_refuses_without_a_name(store: Store) -> None:
    (outcome,) = store.write([put("o")])
    assert isinstance(outcome, HomeNotServed)
    assert outcome.serving_pool is None


def test_a_read_only_home_refuses(store: Store) -> None:
    serve(store, mode=Mode.READ_ONLY)
    (outcome,) = store.write([put("o")])
    assert isinstance(outcome, HomeReadOnly)
    assert outcome.home == HOME


def test_a_refusal_touches_only_its_own_transaction_and_leaves_no_trace(store: Store) -> None:
    serve(store)
    serve(store, home=Home("quiet.lab"), mode=Mode.READ_ONLY)
    quiet = Stream(Home("quiet.lab"), MODULE)
    outcomes = store.write([put("a"), put("b", stream=quiet), put("c")])
    assert [type(outcome) for outcome in outcomes] == [Committed, HomeReadOnly, Committed]
    assert [record.owner for record in records(store)] == ["a", "c"]
    assert records(store, quiet) == []
    assert store.head(quiet) == ORIGIN
    assert store.collect(quiet, after=ORIGIN, max_changes=10, max_bytes=1 << 20) == []


def test_text_that_no_store_can_keep_refuses_that_transaction_alone(store: Store) -> None:
    serve(store)
    surrogate, nul = (
        Transaction(stream=STREAM, changes=(Change(owner, "k", b"v"),), payload=b"-")
        for owner in ("half \ud800", "nul \0")
    )
    outcomes = store.write([put("a"), surrogate, nul, put("b")])
    assert [type(outcome) for outcome in outcomes] == [Committed, InvalidRecord, InvalidRecord, Committed]
    assert [record.owner for record in records(store)] == ["a", "b"]


def test_a_scan_goes_by_code_point_owner_first(store: Store) -> None:
    serve(store)
    places = [
        ("a", "b"),
        ("a", "B"),
        ("A", "z"),
        ("ä", "1"),
        ("a", ""),
        ("", "x"),
        ("z", "\uffff"),
        ("z", "\U0001f600"),
        ("a b", "0"),
    ]
    committed(store, transaction(*[(owner, key, b"v") for owner, key in places]))
    assert [(record.owner, record.key) for record in records(store, limit=1)] == sorted(places)
    assert [(record.owner, record.key) for record in records(store, limit=4)] == sorted(places)


def test_a_scan_of_one_owner_returns_no_others(store: Store) -> None:
    serve(store)
    committed(store, *[put(owner, key) for owner in ("a", "b", "c") for key in ("1", "2", "3")])

    def keys(after: RecordKey | None, limit: int = 10) -> list[str]:
        found = store.scan(STREAM, after=after, limit=limit, owner="b")
        assert {record.owner for record in found} <= {"b"}
        return [record.key for record in found]

    assert keys(None) == ["1", "2", "3"]
    assert keys(None, limit=2) == ["1", "2"]
    assert keys(RecordKey("b", "1")) == ["2", "3"]
    assert keys(RecordKey("a", "9")) == ["1", "2", "3"]
    assert keys(RecordKey("b", "3")) == []
    assert keys(RecordKey("c", "0")) == []


def test_a_key_that_begins_like_another_is_not_skipped(store: Store) -> None:
    serve(store)
    committed(store, *[put("o", key) for key in ("k", "k\x01", "k ", "ka")])
    assert [record.key for record in records(store, limit=1)] == ["k", "k\x01", "k ", "ka"]


def test_records_are_counted(store: Store) -> None:
    assert store.record_count(STREAM) == 0
    serve(store)
    committed(store, *[put(f"o{n}") for n in range(5)], transaction(("o1", "k", None)), put("x", stream=OTHER_STREAM))
    assert store.record_count(STREAM) == 4


def test_an_unknown_stream_is_empty(store: Store) -> None:
    assert records(store) == []
    assert store.read(STREAM, RecordKey("o", "k")) is None


def test_what_one_front_end_writes_the_others_read(stores: Stores, store: Store) -> None:
    other = stores.open(store.pool)
    serve(store)
    committed(store, put("a"))
    committed(other, put("b"))
    assert records(store) == records(other)
    assert store.head(STREAM) == other.head(STREAM)


def test_a_store_that_is_opened_again_holds_what_was_committed(stores: Stores) -> None:
    first = stores.open(PoolFqdn("reopened.lab"))
    serve(first)
    committed(first, put("a"))
    first.close()
    assert [record.owner for record in records(stores.open(PoolFqdn("reopened.lab")))] == ["a"]
