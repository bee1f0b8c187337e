"""What is read of all routes and streams at once is what is read of each by itself."""

from __future__ import annotations

import pytest

from tests.conformance.streams import FIRST, HOME, OTHER_STREAM, PARTNER, ROUTE, STREAM, committed, put, serve
from tests.conformance.terms import Side
from twinpool.ports.standings import RouteStanding, StreamStanding
from twinpool.ports.store import Store
from twinpool.stores.standings_by_parts import route_standing
from twinpool.vocabulary.change import Change, Pending, Record, RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import NO_SESSION, ImportProgress
from twinpool.vocabulary.states import ExportLedger, ImportLedger

OTHER_ROUTE = Route(OTHER_STREAM, PARTNER)
UNHEARD_OF = Route(Stream(HOME, ModuleName("Nobody.Knows")), PARTNER)
ELSEWHERE = Route(STREAM, PoolFqdn("pool9.lab"))

EMPTY_LEDGER = ExportLedger(session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None)
EMPTY = RouteStanding(
    ledger=EMPTY_LEDGER,
    head=ORIGIN,
    oldest=ORIGIN,
    settled=ORIGIN,
    pending=Pending(changes=0, bytes=0, oldest_at=None),
    log_bytes=0,
)
UNKNOWN = StreamStanding(
    progress=ImportProgress(cursor=None, session=NO_SESSION, staging=None),
    ledger=ImportLedger(failure=None, imported_at=None),
)


def assert_as_by_parts(store: Store, *routes: Route) -> list[RouteStanding]:
    found = store.route_standings(routes)
    assert found == [route_standing(store, route) for route in routes]
    return found


def test_nothing_asked_is_nothing_told(store: Store) -> None:
    assert store.route_standings([]) == []
    assert store.stream_standings([]) == []


def test_what_nothing_was_ever_stored_about_is_empty(store: Store) -> None:
    serve(store)
    committed(store, put("a"))

    assert store.route_standings([UNHEARD_OF, ROUTE])[0] == EMPTY
    assert store.stream_standings([STREAM, UNHEARD_OF.stream]) == [UNKNOWN, UNKNOWN]


def test_each_route_is_told_in_its_place(store: Store, generation: Generation) -> None:
    serve(store)
    first, _, last = committed(store, put("a"), put("b"), put("c"))
    committed(store, put("a", stream=OTHER_STREAM))
    store.note_opened(ROUTE, acknowledged=first, generation=generation)
    store.note_attempt(OTHER_ROUTE, failure="the broker is away", generation=generation)

    told = assert_as_by_parts(store, OTHER_ROUTE, UNHEARD_OF, ROUTE, ELSEWHERE)

    assert [each.pending.changes for each in told] == [1, 0, 2, 3]
    assert [each.ledger.failure for each in told] == ["the broker is away", None, None, None]
    assert (told[2].head, told[2].settled, told[2].ledger.acknowledged) == (last, last, first)


def test_a_standing_follows_what_is_written_acknowledged_and_pruned(store: Store, generation: Generation) -> None:
    serve(store)
    store.note_opened(ROUTE, acknowledged=ORIGIN, generation=generation)
    for number in range(5):
        position = committed(store, put(f"o{number}"), put(f"p{number}"))[0]
        assert_as_by_parts(store, ROUTE)
        store.note_acknowledged(ROUTE, position, generation=generation)
        assert_as_by_parts(store, ROUTE)
        store.prune(STREAM, up_to=position, generation=generation)
        (told,) = assert_as_by_parts(store, ROUTE)
        assert (told.oldest, told.pending.changes) == (position, 1)


def test_a_log_that_has_begun_anew_is_told_from_its_own_beginning(store: Store) -> None:
    side = Side(store)
    committed(store, put("a"), put("b"), put("c"))
    assert_as_by_parts(store, ROUTE)
    side.give_up(2)

    (given_up,) = assert_as_by_parts(store, ROUTE)
    side.take_over(3)
    committed(store, put("d"))

    (told,) = assert_as_by_parts(store, ROUTE)
    assert told.head > given_up.head


def test_each_stream_is_told_in_its_place(store: Store, generation: Generation) -> None:
    store.note_session(STREAM, FIRST, generation=generation)
    store.begin_staging(STREAM, session=FIRST, position=Position(7), generation=generation)
    store.stage(
        STREAM,
        [Record("o", "k", b"v")],
        session=FIRST,
        walked_to=RecordKey("o", "k"),
        settles_at=Position(9),
        generation=generation,
    )
    store.note_session(OTHER_STREAM, FIRST, generation=generation)
    store.begin(OTHER_STREAM, session=FIRST, generation=generation)
    changes = store.prepare([Change("o", "k", b"v")])
    store.apply(OTHER_STREAM, changes, session=FIRST, after=ORIGIN, upto=Position(4), generation=generation)
    store.note_import(OTHER_STREAM, failure="no room", generation=generation)

    asked = [UNHEARD_OF.stream, OTHER_STREAM, STREAM]
    told = store.stream_standings(asked)

    assert [each.progress for each in told] == [store.import_progress(stream) for stream in asked]
    assert [each.ledger for each in told] == [store.import_ledger(stream) for stream in asked]
    assert told[1].ledger.failure == "no room"
    assert told[2].progress.staging is not None
    cursor = told[1].progress.cursor
    assert cursor is not None
    assert (cursor.term, cursor.position) == (Term(1), 4)


@pytest.mark.parametrize("written", [3, 4, 5])
def test_a_log_that_is_longer_than_is_counted_is_told_all_the_same(
    store: Store, generation: Generation, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    monkeypatch.setattr("twinpool.stores.postgresql.standings.MOST_COUNTED", 3)
    serve(store)
    positions = committed(store, *[put(f"o{number}") for number in range(written)])
    store.note_opened(ROUTE, acknowledged=positions[0], generation=generation)

    (told,) = assert_as_by_parts(store, ROUTE)

    assert (told.settled, told.pending.changes) == (positions[-1], written - 1)
