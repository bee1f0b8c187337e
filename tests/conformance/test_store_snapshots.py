from __future__ import annotations

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import FIRST, SECOND, STREAM, records
from twinpool.errors import ImportFailed, SessionOvertaken
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Term
from twinpool.vocabulary.session import Cursor, ImportProgress, SessionId, Staging

OLD = Record("old", "k", b"v")
A, B, C = (Record(owner, "k", owner.encode()) for owner in "abc")


@pytest.fixture
def importing(store: Store, generation: Generation) -> Generation:
    """A stream with one old record at position 1."""
    store.note_session(STREAM, FIRST, generation=generation)
    store.begin(STREAM, session=FIRST, generation=generation)
    store.apply(STREAM, [Change(*OLD)], session=FIRST, after=ORIGIN, upto=Position(1), generation=generation)
    return generation


def begin(store: Store, generation: Generation, *, position: int = 10, session: SessionId = FIRST) -> None:
    store.begin_staging(STREAM, session=session, position=Position(position), generation=generation)


def stage(
    store: Store,
    generation: Generation,
    *staged: Record,
    settles_at: int | None = None,
    session: SessionId = FIRST,
) -> None:
    store.stage(
        STREAM,
        staged,
        session=session,
        walked_to=RecordKey(*staged[-1][:2]) if staged else None,
        settles_at=None if settles_at is None else Position(settles_at),
        generation=generation,
    )


def stage_changes(
    store: Store, generation: Generation, *changes: Change, after: int, upto: int, session: SessionId = FIRST
) -> None:
    store.stage_changes(
        STREAM, changes, session=session, after=Position(after), upto=Position(upto), generation=generation
    )


def staging(store: Store) -> Staging | None:
    return store.import_progress(STREAM).staging


def test_a_snapshot_replaces_all_records_at_once(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, B)
    stage(store, importing, C, settles_at=12)
    stage_changes(store, importing, Change("a", "k", b"newer"), Change("b", "k", None), after=10, upto=12)
    assert records(store) == [OLD]
    cursor = store.swap_in(STREAM, session=FIRST, generation=importing)
    assert cursor == Cursor(Term(1), Position(12))
    assert records(store) == [Record("a", "k", b"newer"), C]
    assert store.record_count(STREAM) == 2
    progress = store.import_progress(STREAM)
    assert (progress.cursor, progress.staging) == (cursor, None)


def test_batches_follow_a_snapshot(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, settles_at=10)
    store.swap_in(STREAM, session=FIRST, generation=importing)
    store.apply(STREAM, [Change(*B)], session=FIRST, after=Position(10), upto=Position(11), generation=importing)
    assert records(store) == [A, B]


def test_a_snapshot_gives_an_unknown_stream_its_first_cursor(store: Store, generation: Generation) -> None:
    store.note_session(STREAM, FIRST, generation=generation)
    begin(store, generation, position=0)
    stage(store, generation, settles_at=0)
    assert store.swap_in(STREAM, session=FIRST, generation=generation) == Cursor(Term(1), ORIGIN)
    assert records(store) == []


def test_the_progress_of_a_snapshot_is_known(stores: Stores, store: Store, importing: Generation) -> None:
    begin(store, importing)
    assert staging(store) == Staging(position=Position(10), walked_to=None, settles_at=None)
    stage(store, importing, A, B)
    assert staging(store) == Staging(position=Position(10), walked_to=RecordKey("b", "k"), settles_at=None)
    stage(store, importing, C, settles_at=14)
    stage_changes(store, importing, after=10, upto=13)
    expected = Staging(position=Position(13), walked_to=RecordKey("c", "k"), settles_at=Position(14))
    assert staging(store) == expected
    assert staging(stores.open(store.pool)) == expected


def test_a_newer_session_resumes_a_snapshot(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A)
    resumed = store.note_session(STREAM, SECOND, generation=importing)
    assert resumed.staging == staging(store) is not None
    with pytest.raises(SessionOvertaken):
        stage(store, importing, B)
    stage(store, importing, C, settles_at=10, session=SECOND)
    store.swap_in(STREAM, session=SECOND, generation=importing)
    assert records(store) == [A, C]


def test_a_session_of_a_higher_term_forgets_what_was_staged(
    stores: Stores, store: Store, importing: Generation
) -> None:
    later = SessionId(Term(2), Generation(1), 1)
    begin(store, importing)
    stage(store, importing, A, settles_at=10)
    noted = store.note_session(STREAM, later, generation=importing)
    assert noted == ImportProgress(cursor=Cursor(Term(1), Position(1)), session=later, staging=None)
    assert store.import_progress(STREAM) == stores.open(store.pool).import_progress(STREAM) == noted
    with pytest.raises(ImportFailed):
        stage(store, importing, B, settles_at=10, session=later)
    with pytest.raises(ImportFailed):
        store.swap_in(STREAM, session=later, generation=importing)
    begin(store, importing, session=later)
    stage(store, importing, B, settles_at=10, session=later)
    store.swap_in(STREAM, session=later, generation=importing)
    assert records(store) == [B]


def test_a_piece_that_comes_twice_is_staged_once(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, B)
    stage(store, importing, A, B, settles_at=10)
    store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [A, B]


def test_a_new_snapshot_drops_what_was_staged(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, settles_at=10)
    begin(store, importing, position=20)
    assert staging(store) == Staging(position=Position(20), walked_to=None, settles_at=None)
    stage(store, importing, B, settles_at=20)
    store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [B]


def test_an_unfinished_walk_is_not_swapped_in(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A)
    with pytest.raises(ImportFailed):
        store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [OLD]


def test_a_snapshot_that_has_not_settled_is_not_swapped_in(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, settles_at=12)
    stage_changes(store, importing, after=10, upto=11)
    with pytest.raises(ImportFailed):
        store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [OLD]
    assert store.import_progress(STREAM).cursor == Cursor(Term(1), Position(1))


def test_staged_changes_must_follow_each_other(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage_changes(store, importing, Change(*A), after=10, upto=12)
    with pytest.raises(ImportFailed):
        stage_changes(store, importing, Change(*B), after=10, upto=12)
    with pytest.raises(ImportFailed):
        stage_changes(store, importing, Change(*B), after=13, upto=14)
    stage(store, importing, settles_at=12)
    store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [A]


def test_nothing_is_staged_without_a_beginning(store: Store, importing: Generation) -> None:
    with pytest.raises(ImportFailed):
        stage(store, importing, A)
    with pytest.raises(ImportFailed):
        stage_changes(store, importing, Change(*A), after=1, upto=2)
    with pytest.raises(ImportFailed):
        store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [OLD]


def test_an_overtaken_session_neither_stages_nor_swaps(store: Store, importing: Generation) -> None:
    begin(store, importing)
    stage(store, importing, A, settles_at=10)
    store.note_session(STREAM, SECOND, generation=importing)
    with pytest.raises(SessionOvertaken):
        stage_changes(store, importing, after=10, upto=11)
    with pytest.raises(SessionOvertaken):
        store.swap_in(STREAM, session=FIRST, generation=importing)
    assert records(store) == [OLD]


def test_snapshot_after_snapshot_shows_only_the_newest(store: Store, importing: Generation) -> None:
    for round_ in range(3):
        begin(store, importing, position=10 + round_)
        stage(store, importing, *[Record(f"r{round_}", f"{n:03}", b"v") for n in range(50)], settles_at=10 + round_)
        store.swap_in(STREAM, session=FIRST, generation=importing)
        assert {record.owner for record in records(store, limit=20)} == {f"r{round_}"}
        assert store.record_count(STREAM) == 50
