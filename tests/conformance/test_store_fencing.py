"""A former holder of the lease that wakes up late changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.streams import (
    FIRST,
    FOR_LONG,
    HOME,
    ROUTE,
    SECOND,
    STREAM,
    committed,
    put,
    records,
    serve,
)
from twinpool.errors import LeaseLost
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import FrontEndName, Generation, Position

Fenced = Callable[[Store, Generation], object]

FENCED: dict[str, Fenced] = {
    "set_mode": lambda store, g: store.set_mode(HOME, Mode.READ_ONLY, generation=g),
    "prune": lambda store, g: store.prune(STREAM, up_to=Position(1), generation=g),
    "note_opened": lambda store, g: store.note_opened(ROUTE, acknowledged=Position(1), generation=g),
    "note_acknowledged": lambda store, g: store.note_acknowledged(ROUTE, Position(1), generation=g),
    "note_attempt": lambda store, g: store.note_attempt(ROUTE, failure="x", generation=g),
    "note_session": lambda store, g: store.note_session(STREAM, SECOND, generation=g),
    "apply": lambda store, g: store.apply(
        STREAM, [Change("late", "k", b"v")], session=FIRST, after=Position(0), upto=Position(1), generation=g
    ),
    "begin": lambda store, g: store.begin(STREAM, session=FIRST, generation=g),
    "begin_staging": lambda store, g: store.begin_staging(STREAM, session=FIRST, position=Position(3), generation=g),
    "stage": lambda store, g: store.stage(
        STREAM,
        [Record("late", "k", b"v")],
        session=FIRST,
        walked_to=RecordKey("late", "k"),
        settles_at=Position(5),
        generation=g,
    ),
    "stage_changes": lambda store, g: store.stage_changes(
        STREAM, [Change("late", "k", b"v")], session=FIRST, after=Position(0), upto=Position(1), generation=g
    ),
    "swap_in": lambda store, g: store.swap_in(STREAM, session=FIRST, generation=g),
    "raise_generation": lambda store, g: store.raise_generation(Generation(7), generation=g),
    "note_import": lambda store, g: store.note_import(STREAM, failure="x", generation=g),
    "forget_sync_requests": lambda store, g: store.forget_sync_requests(100, generation=g),
}


def everything(store: Store) -> list[object]:
    """Read all that a fenced call could change."""
    return [
        store.homes(),
        records(store),
        store.oldest(STREAM),
        store.log_size(STREAM),
        store.export_ledger(ROUTE),
        store.import_progress(STREAM),
        store.import_ledger(STREAM),
        store.sync_requests(0),
        store.current_lease(),
    ]


@pytest.fixture
def former(store: Store) -> Generation:
    """A generation under which everything was ready to be changed, and which was then overtaken."""
    former = store.acquire_lease(FrontEndName("fe1"), FOR_LONG)
    serve(store)
    committed(store, put("a"))
    store.request_sync(STREAM, full=True)
    store.note_session(STREAM, FIRST, generation=former.generation)
    store.begin(STREAM, session=FIRST, generation=former.generation)
    store.begin_staging(STREAM, session=FIRST, position=Position(0), generation=former.generation)
    store.stage(STREAM, [], session=FIRST, walked_to=None, settles_at=Position(0), generation=former.generation)
    store.release_lease(former)
    store.acquire_lease(FrontEndName("fe2"), FOR_LONG)
    return former.generation


@pytest.mark.parametrize("call", FENCED)
def test_an_overtaken_generation_changes_nothing(store: Store, former: Generation, call: str) -> None:
    before = everything(store)
    with pytest.raises(LeaseLost):
        FENCED[call](store, former)
    assert everything(store) == before


@pytest.mark.parametrize("call", FENCED)
def test_the_present_generation_is_let_through(store: Store, former: Generation, call: str) -> None:
    before = everything(store)
    FENCED[call](store, Generation(former + 1))
    assert everything(store) != before


def test_a_generation_that_nobody_ever_had_is_refused(store: Store) -> None:
    for generation in (Generation(0), Generation(1)):
        with pytest.raises(LeaseLost):
            store.note_attempt(ROUTE, failure=None, generation=generation)
