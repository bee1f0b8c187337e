"""Digests of records: the same in every store, and of one moment."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.backends import Stores
from tests.conformance.streams import (
    FIRST,
    FOR_LONG,
    PARTNER,
    POOL,
    STREAM,
    committed,
    put,
    replicate,
    serve,
    transaction,
)
from twinpool.errors import StoreUnavailable
from twinpool.ports.store import Store
from twinpool.ports.verification import MOST_TOUCHED
from twinpool.verification.digests import EVERYTHING, SHA_256, DigestMethod, KeyRange, record_digest
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, Position, Term
from twinpool.vocabulary.session import Cursor

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)


def keys(*names: str) -> list[RecordKey]:
    return [RecordKey(name[0], name[1:]) for name in names]


def test_an_unknown_stream_has_no_records_and_stands_nowhere(store: Store) -> None:
    read = store.read_digests(STREAM, EVERYTHING, limit=10, behind=ORIGIN)

    assert (list(read.records.keys), read.records.digests) == ([], [])
    assert (read.whole, read.cursor, list(read.touched or ()), read.oldest) == (True, None, [], ORIGIN)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.tuples(texts, texts), st.binary(max_size=20), min_size=1, max_size=20))
def test_digests_are_the_documented_ones_in_the_order_of_keys(
    store: Store, wanted: dict[tuple[str, str], bytes]
) -> None:
    serve(store)
    gone = store.read_digests(STREAM, EVERYTHING, limit=1000).records.keys
    committed(store, *[transaction(*((owner, key, None) for owner, key in gone))] if gone else [])
    committed(store, transaction(*((*place, value) for place, value in wanted.items())))

    read = store.read_digests(STREAM, EVERYTHING, limit=1000)

    assert list(read.records.keys) == sorted(RecordKey(*place) for place in wanted)
    assert list(read.records.digests) == [record_digest(*place, wanted[place]) for place in sorted(wanted)]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.dictionaries(st.tuples(texts, texts), st.binary(max_size=200), min_size=1, max_size=20))
def test_by_each_method_stores_of_one_kind_agree_exactly_on_what_is_equal(
    stores: Stores, wanted: dict[tuple[str, str], bytes]
) -> None:
    here, there = stores.open(POOL), stores.open(PARTNER)
    for store in (here, there):
        serve(store)
        gone = store.read_digests(STREAM, EVERYTHING, limit=1000).records.keys
        committed(store, *[transaction(*((owner, key, None) for owner, key in gone))] if gone else [])
    committed(here, transaction(*((*place, value) for place, value in wanted.items())))
    committed(there, transaction(*((*place, value + b"!") for place, value in wanted.items())))

    assert list(here.digest_methods()) == list(there.digest_methods())
    assert here.digest_methods()[-1] == SHA_256
    for method in here.digest_methods():
        ours, theirs = (one.read_digests(STREAM, EVERYTHING, limit=99, method=method) for one in (here, there))
        assert list(ours.records.keys) == list(theirs.records.keys) == sorted(RecordKey(*place) for place in wanted)
        assert not set(ours.records.digests) & set(theirs.records.digests)
    committed(there, transaction(*((*place, value) for place, value in wanted.items())))
    for method in here.digest_methods():
        ours, theirs = (one.read_digests(STREAM, EVERYTHING, limit=99, method=method) for one in (here, there))
        assert list(ours.records.digests) == list(theirs.records.digests)


def test_a_method_that_the_store_does_not_know_is_refused(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="crc"):
        store.read_digests(STREAM, EVERYTHING, limit=1, method=DigestMethod("crc"))


def test_a_range_begins_after_a_key_and_ends_with_one(store: Store) -> None:
    serve(store)
    committed(store, transaction(*((owner, key, b"v") for owner in "abc" for key in ("", "1", "2"))))

    def within(after: str | None, upto: str | None) -> list[RecordKey]:
        ends = (None if end is None else RecordKey(end[0], end[1:]) for end in (after, upto))
        return list(store.read_digests(STREAM, KeyRange(*ends), limit=100).records.keys)

    assert within("a1", "b") == keys("a2", "b")
    assert within("a2", "a2") == []
    assert within(None, "a1") == keys("a", "a1")
    assert within("c", None) == keys("c1", "c2")
    assert within("b9", "c0") == keys("c")


def test_where_there_are_more_records_the_first_ones_are_read(store: Store) -> None:
    serve(store)
    committed(store, transaction(*(("o", str(number), b"v") for number in range(5))))

    read = store.read_digests(STREAM, EVERYTHING, limit=3)

    assert ([key.key for key in read.records.keys], read.whole) == (["0", "1", "2"], False)
    assert store.read_digests(STREAM, EVERYTHING, limit=5).whole


def test_what_has_changed_behind_a_position_is_told(store: Store) -> None:
    serve(store)
    first, *_ = committed(store, put("a"), put("b"), transaction(("c", "k", None), ("b", "k", b"w")))

    read = store.read_digests(STREAM, EVERYTHING, limit=1, behind=first)

    assert read.touched == [RecordKey("b", "k"), RecordKey("c", "k")]


def test_of_what_has_changed_only_the_range_is_told(store: Store) -> None:
    serve(store)
    committed(store, put("a"), put("b"), put("c"))

    within = KeyRange(RecordKey("a", "k"), RecordKey("b", "k"))

    assert store.read_digests(STREAM, within, limit=1, behind=ORIGIN).touched == [RecordKey("b", "k")]


def test_what_has_changed_is_not_told_where_it_is_too_much(store: Store) -> None:
    serve(store)
    half = MOST_TOUCHED // 2
    for _ in range(2):
        committed(store, transaction(*(("o", str(number), b"") for number in range(half))))
    assert store.read_digests(STREAM, EVERYTHING, limit=1, behind=ORIGIN).touched is not None
    committed(store, put("a"))

    assert store.read_digests(STREAM, EVERYTHING, limit=1, behind=ORIGIN).touched is None


def test_the_log_is_complete_behind_what_was_pruned(store: Store, generation: Generation) -> None:
    serve(store)
    *_, last = committed(store, put("a"), put("b"))
    store.prune(STREAM, up_to=last, generation=generation)

    assert store.read_digests(STREAM, EVERYTHING, limit=10, behind=ORIGIN).oldest == last


def test_a_replica_tells_at_which_position_its_records_stand(stores: Stores) -> None:
    source, replica = stores.open(POOL), stores.open(PARTNER)
    serve(source)
    generation = replica.acquire_lease(FrontEndName("fe"), FOR_LONG).generation
    replica.note_session(STREAM, FIRST, generation=generation)
    replica.begin(STREAM, session=FIRST, generation=generation)
    *_, last = committed(source, put("a"), put("b"), transaction(("a", "k", None)))
    replicate(source, replica, session=FIRST, generation=generation)

    here, there = (each.read_digests(STREAM, EVERYTHING, limit=10, behind=last) for each in (source, replica))

    assert there.cursor == Cursor(Term(1), Position(last))
    assert here.touched == []
    assert list(there.records.keys) == list(here.records.keys)
    assert there.records.digests == here.records.digests
