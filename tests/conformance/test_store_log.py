from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.backends import Stores
from tests.conformance.streams import OTHER_STREAM, STREAM, committed, put, records, replay, serve, transaction
from twinpool.ports.store import Store
from twinpool.vocabulary.change import ChangeSet, Committed, Pending, Transaction
from twinpool.vocabulary.names import ORIGIN, Generation, Position

NOTHING = Pending(changes=0, bytes=0, oldest_at=None)


def collect(store: Store, after: int = ORIGIN, *, max_changes: int = 1000, max_bytes: int = 1 << 24) -> list[ChangeSet]:
    return store.collect(STREAM, after=Position(after), max_changes=max_changes, max_bytes=max_bytes)


def test_a_new_stream_has_an_empty_log(store: Store) -> None:
    assert store.head(STREAM) == ORIGIN
    assert store.oldest(STREAM) == ORIGIN
    assert store.settled(STREAM) == ORIGIN
    assert store.bounds(STREAM) == (ORIGIN, ORIGIN)
    assert collect(store) == []
    assert store.pending(STREAM, after=ORIGIN) == NOTHING
    assert store.log_size(STREAM) == 0


def test_the_bounds_are_where_the_log_begins_and_ends(store: Store, generation: Generation) -> None:
    serve(store)
    first, last = committed(store, put("a"), put("b"))

    assert store.bounds(STREAM) == (ORIGIN, last)
    store.prune(STREAM, up_to=first, generation=generation)
    assert store.bounds(STREAM) == (first, last)
    store.prune(STREAM, up_to=last, generation=generation)
    assert store.bounds(STREAM) == (store.oldest(STREAM), store.head(STREAM)) == (last, last)


def test_each_transaction_keeps_its_own_change_set(store: Store) -> None:
    serve(store)
    written = [put("a"), transaction(("a", "k", b"w"), ("b", "k", None)), put("c", stream=OTHER_STREAM), put("a")]
    outcomes = store.write(written)
    found = collect(store)
    assert [each.payload for each in found] == [written[0].payload, written[1].payload, written[3].payload]
    assert [each.change_count for each in found] == [1, 2, 1]
    mine = [outcome for outcome in (outcomes[0], outcomes[1], outcomes[3]) if isinstance(outcome, Committed)]
    assert [(each.position, each.committed_at) for each in found] == [(each.position, each.at) for each in mine]


def test_collecting_goes_on_after_a_position(store: Store) -> None:
    serve(store)
    positions = committed(store, *[put(f"o{n}") for n in range(5)])
    assert [each.position for each in collect(store, positions[1])] == positions[2:]
    assert collect(store, positions[-1]) == []
    assert collect(store, positions[-1] + 100) == []


def test_collecting_keeps_to_the_number_of_changes(store: Store) -> None:
    serve(store)
    positions = committed(store, *[transaction(("o", "1", b"v"), ("o", "2", b"v"), ("o", "3", b"v")) for _ in range(4)])
    assert [each.position for each in collect(store, max_changes=6)] == positions[:2]
    assert [each.position for each in collect(store, max_changes=8)] == positions[:2]
    assert [each.position for each in collect(store, max_changes=9)] == positions[:3]


def test_collecting_keeps_to_the_number_of_bytes(store: Store) -> None:
    serve(store)
    written = [put(f"o{n}", value=b"x" * 100) for n in range(4)]
    positions = committed(store, *written)
    size = len(written[0].payload)
    assert [each.position for each in collect(store, max_bytes=2 * size)] == positions[:2]
    assert [each.position for each in collect(store, max_bytes=3 * size - 1)] == positions[:2]


def test_collecting_returns_one_change_set_however_large(store: Store) -> None:
    serve(store)
    positions = committed(store, transaction(*[("o", str(n), b"x" * 1000) for n in range(50)]), put("p"))
    assert [each.position for each in collect(store, max_changes=1, max_bytes=1)] == positions[:1]


def test_pending_counts_what_lies_behind_a_position(store: Store) -> None:
    serve(store)
    written = [put("a"), transaction(("a", "1", b"x" * 50), ("a", "2", b"y")), put("b")]
    positions = committed(store, *written)
    found = collect(store)
    sizes = [len(each.payload) for each in written]
    assert store.pending(STREAM, after=ORIGIN) == Pending(changes=4, bytes=sum(sizes), oldest_at=found[0].committed_at)
    assert store.pending(STREAM, after=positions[0]) == Pending(
        changes=3, bytes=sum(sizes[1:]), oldest_at=found[1].committed_at
    )
    assert store.pending(STREAM, after=positions[-1]) == NOTHING
    assert store.pending(STREAM, after=Position(positions[-1] + 9)) == NOTHING


def test_everything_committed_is_settled_once_no_writer_is_under_way(store: Store) -> None:
    serve(store)
    positions = committed(store, put("a"), put("b"))
    assert store.settled(STREAM) == store.head(STREAM) == positions[-1]


def test_pruning_forgets_up_to_a_position(store: Store, generation: Generation) -> None:
    serve(store)
    written = [put(f"o{n}") for n in range(5)]
    positions = committed(store, *written)
    assert store.prune(STREAM, up_to=positions[2], generation=generation) == 3
    assert store.oldest(STREAM) == positions[2]
    assert store.head(STREAM) == positions[4]
    assert [each.position for each in collect(store)] == positions[3:]
    assert store.log_size(STREAM) == len(written[3].payload) + len(written[4].payload)
    assert store.pending(STREAM, after=positions[2]).changes == 2
    assert store.pending(STREAM, after=positions[3]).changes == 1


def test_pruning_goes_in_limited_steps(store: Store, generation: Generation) -> None:
    serve(store)
    positions = committed(store, *[put(f"o{n}") for n in range(5)])
    steps = [store.prune(STREAM, up_to=positions[3], generation=generation, limit=3) for _ in range(3)]
    assert steps == [3, 1, 0]
    assert store.oldest(STREAM) == positions[3]


def test_pruning_everything_leaves_the_head_where_it_is(store: Store, generation: Generation) -> None:
    serve(store)
    positions = committed(store, put("a"), put("b"))
    assert store.prune(STREAM, up_to=Position(positions[-1] + 100), generation=generation) == 2
    assert store.head(STREAM) == store.oldest(STREAM) == store.settled(STREAM) == positions[-1]
    assert store.pending(STREAM, after=positions[-1]) == NOTHING
    assert store.log_size(STREAM) == 0
    (following,) = committed(store, put("c", value=b"new"))
    assert following > positions[-1]
    assert [each.position for each in collect(store, positions[-1])] == [following]
    assert store.pending(STREAM, after=positions[-1]).changes == 1


def test_pruning_touches_neither_records_nor_other_streams(store: Store, generation: Generation) -> None:
    serve(store)
    committed(store, put("a"), put("b", stream=OTHER_STREAM))
    store.prune(STREAM, up_to=store.head(STREAM), generation=generation)
    assert [record.owner for record in records(store)] == ["a"]
    assert store.log_size(OTHER_STREAM) > 0


def test_pruning_an_unknown_stream_forgets_nothing(store: Store, generation: Generation) -> None:
    assert store.prune(STREAM, up_to=Position(5), generation=generation) == 0


keys = st.sampled_from(["a", "b", "c", "ä", "\U0001f600"])
changes = st.tuples(keys, keys, st.none() | st.binary(max_size=8))
transactions = st.lists(changes, min_size=1, max_size=4).map(lambda made: transaction(*made))
groups = st.lists(st.lists(transactions, min_size=1, max_size=5), max_size=5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=groups, step=st.integers(1, 7))
def test_the_log_from_its_beginning_is_the_records(stores: Stores, written: list[list[Transaction]], step: int) -> None:
    store = stores.open()
    serve(store)
    for group in written:
        committed(store, *group)
    payloads: list[bytes] = []
    position = ORIGIN
    while batch := store.collect(STREAM, after=position, max_changes=step, max_bytes=1 << 20):
        payloads += [each.payload for each in batch]
        position = batch[-1].position
    assert replay(payloads) == records(store, limit=3)
    assert position == store.head(STREAM)
    store.close()
