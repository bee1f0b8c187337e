from __future__ import annotations

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import (
    FIRST,
    FOR_LONG,
    OTHER_STREAM,
    SECOND,
    STREAM,
    committed,
    put,
    records,
    replicate,
    serve,
)
from twinpool.errors import ImportFailed, SessionOvertaken
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, PoolFqdn, Position, Term
from twinpool.vocabulary.session import UNKNOWN_STREAM, Cursor, ImportProgress, SessionId


@pytest.fixture
def importing(store: Store, generation: Generation) -> Generation:
    """A stream whose first session was opened at the beginning of the log."""
    store.note_session(STREAM, FIRST, generation=generation)
    store.begin(STREAM, session=FIRST, generation=generation)
    return generation


def apply(
    store: Store, generation: Generation, *changes: Change, after: int, upto: int, session: SessionId = FIRST
) -> None:
    store.apply(STREAM, changes, session=session, after=Position(after), upto=Position(upto), generation=generation)


def test_nothing_is_known_of_a_stream_of_which_it_has_never_heard(store: Store) -> None:
    assert store.import_progress(STREAM) == UNKNOWN_STREAM


def test_a_session_is_noted_and_the_progress_returned(store: Store, generation: Generation) -> None:
    assert store.note_session(STREAM, FIRST, generation=generation).session == FIRST
    assert store.import_progress(STREAM) == ImportProgress(cursor=None, session=FIRST, staging=None)
    assert store.import_progress(OTHER_STREAM) == UNKNOWN_STREAM


@pytest.mark.parametrize("newer", [SessionId(Term(2), Generation(0), 0), SessionId(Term(1), Generation(2), 0), SECOND])
def test_sessions_only_grow(store: Store, generation: Generation, newer: SessionId) -> None:
    store.note_session(STREAM, FIRST, generation=generation)
    with pytest.raises(SessionOvertaken):
        store.note_session(STREAM, FIRST, generation=generation)
    store.note_session(STREAM, newer, generation=generation)
    with pytest.raises(SessionOvertaken):
        store.note_session(STREAM, FIRST, generation=generation)
    assert store.import_progress(STREAM).session == newer


def test_a_stream_begins_at_its_origin_in_the_term_of_the_session(store: Store, importing: Generation) -> None:
    assert store.import_progress(STREAM).cursor == Cursor(Term(1), ORIGIN)


def test_applying_moves_records_and_cursor_together(store: Store, importing: Generation) -> None:
    before = store.now()
    apply(store, importing, Change("a", "1", b"x"), Change("a", "2", b"y"), after=0, upto=2)
    apply(store, importing, Change("a", "1", None), Change("b", "1", b"z"), after=2, upto=5)
    assert records(store) == [Record("a", "2", b"y"), Record("b", "1", b"z")]
    assert store.import_progress(STREAM).cursor == Cursor(Term(1), Position(5))
    imported_at = store.import_ledger(STREAM).imported_at
    assert imported_at is not None
    assert before <= imported_at <= store.now()


def test_later_changes_of_a_batch_win(store: Store, importing: Generation) -> None:
    apply(
        store,
        importing,
        Change("a", "1", b"old"),
        Change("a", "2", b"gone"),
        Change("a", "1", b"new"),
        Change("a", "2", None),
        after=0,
        upto=1,
    )
    assert records(store) == [Record("a", "1", b"new")]


def test_imports_leave_no_trace_in_our_own_log(store: Store, importing: Generation) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=3)
    assert store.head(STREAM) == ORIGIN
    assert store.collect(STREAM, after=ORIGIN, max_changes=10, max_bytes=1 << 20) == []


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_batch_that_does_not_follow_the_cursor_changes_nothing(
    store: Store, importing: Generation, after: int
) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=3)
    with pytest.raises(ImportFailed):
        apply(store, importing, Change("a", "1", b"again"), after=after, upto=5)
    assert records(store) == [Record("a", "1", b"x")]
    assert store.import_progress(STREAM).cursor == Cursor(Term(1), Position(3))


def test_a_batch_is_applied_once(store: Store, importing: Generation) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=3)
    with pytest.raises(ImportFailed):
        apply(store, importing, Change("a", "1", b"x"), after=0, upto=3)


def test_a_batch_without_changes_moves_the_cursor(store: Store, importing: Generation) -> None:
    apply(store, importing, after=0, upto=4)
    assert store.import_progress(STREAM).cursor == Cursor(Term(1), Position(4))


def test_an_unknown_stream_takes_no_batch(store: Store, generation: Generation) -> None:
    store.note_session(STREAM, FIRST, generation=generation)
    with pytest.raises(ImportFailed):
        apply(store, generation, Change("a", "1", b"x"), after=0, upto=1)
    assert records(store) == []


def test_an_overtaken_session_changes_nothing(store: Store, importing: Generation) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=1)
    store.note_session(STREAM, SECOND, generation=importing)
    with pytest.raises(SessionOvertaken):
        apply(store, importing, Change("a", "1", b"late"), after=1, upto=2)
    with pytest.raises(SessionOvertaken):
        store.begin(STREAM, session=FIRST, generation=importing)
    with pytest.raises(SessionOvertaken):
        store.begin_staging(STREAM, session=FIRST, position=Position(9), generation=importing)
    assert records(store) == [Record("a", "1", b"x")]
    assert store.import_progress(STREAM) == ImportProgress(
        cursor=Cursor(Term(1), Position(1)), session=SECOND, staging=None
    )


def test_a_session_that_was_never_noted_changes_nothing(store: Store, importing: Generation) -> None:
    with pytest.raises(SessionOvertaken):
        apply(store, importing, Change("a", "1", b"x"), after=0, upto=1, session=SECOND)
    assert records(store) == []


def test_the_cursor_takes_the_term_of_the_session_that_fed_it(store: Store, importing: Generation) -> None:
    later = SessionId(Term(4), Generation(1), 1)
    store.note_session(STREAM, later, generation=importing)
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=6, session=later)
    assert store.import_progress(STREAM).cursor == Cursor(Term(4), Position(6))


def test_beginning_anew_forgets_records_and_staging(store: Store, importing: Generation) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=1)
    store.begin_staging(STREAM, session=FIRST, position=Position(9), generation=importing)
    store.begin(STREAM, session=FIRST, generation=importing)
    assert records(store) == []
    assert store.record_count(STREAM) == 0
    assert store.read(STREAM, RecordKey("a", "1")) is None
    assert store.import_progress(STREAM) == ImportProgress(cursor=Cursor(Term(1), ORIGIN), session=FIRST, staging=None)


def test_a_take_over_goes_on_at_the_cursor(stores: Stores, store: Store, lease: Lease, importing: Generation) -> None:
    apply(store, importing, Change("a", "1", b"x"), after=0, upto=1)
    other = stores.open(store.pool)
    store.release_lease(lease)
    taken = other.acquire_lease(FrontEndName("fe2"), FOR_LONG)
    assert other.import_progress(STREAM) == store.import_progress(STREAM)
    apply(other, taken.generation, Change("a", "2", b"y"), after=1, upto=2)
    assert len(records(store)) == 2


def test_batches_of_any_size_make_a_replica_equal(stores: Stores, store: Store) -> None:
    serve(store)
    for n in range(60):
        committed(store, put(f"o{n % 7}", f"k{n % 5}", str(n).encode()))
    for size in (1, 7, 1000):
        replica = stores.open(PoolFqdn(f"replica{size}.lab"))
        generation = replica.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
        replica.note_session(STREAM, FIRST, generation=generation)
        replica.begin(STREAM, session=FIRST, generation=generation)
        while replicate(store, replica, session=FIRST, generation=generation, max_changes=size):
            pass
        assert records(replica) == records(store)
