from __future__ import annotations

from tests.conformance.backends import Stores
from tests.conformance.streams import OTHER_STREAM, PARTNER, ROUTE, STREAM
from twinpool.ports.store import Store
from twinpool.vocabulary.names import ORIGIN, Generation, PoolFqdn, Position, Route
from twinpool.vocabulary.states import ExportLedger, ImportLedger

EMPTY = ExportLedger(session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None)


def test_a_new_route_has_an_empty_ledger(store: Store) -> None:
    assert store.export_ledger(ROUTE) == EMPTY


def test_an_importer_that_answered_has_proven_its_cursor(store: Store, generation: Generation) -> None:
    before = store.now()
    store.note_opened(ROUTE, acknowledged=Position(7), generation=generation)
    ledger = store.export_ledger(ROUTE)
    assert ledger.session_opened
    assert ledger.acknowledged == 7
    assert ledger.proven_at is not None
    assert before <= ledger.proven_at <= store.now()
    assert ledger.attempted_at is None


def test_an_importer_that_lost_its_store_takes_the_acknowledged_position_back(
    store: Store, generation: Generation
) -> None:
    store.note_opened(ROUTE, acknowledged=Position(7), generation=generation)
    store.note_opened(ROUTE, acknowledged=Position(2), generation=generation)
    assert store.export_ledger(ROUTE).acknowledged == 2


def test_an_acknowledgement_never_lowers_the_position_but_is_a_proof(store: Store, generation: Generation) -> None:
    store.note_opened(ROUTE, acknowledged=Position(0), generation=generation)
    store.note_acknowledged(ROUTE, Position(9), generation=generation)
    first = store.export_ledger(ROUTE)
    store.note_acknowledged(ROUTE, Position(4), generation=generation)
    second = store.export_ledger(ROUTE)
    assert first.acknowledged == second.acknowledged == 9
    assert first.proven_at is not None
    assert second.proven_at is not None
    assert second.proven_at >= first.proven_at


def test_a_failure_stays_until_an_acknowledgement(store: Store, generation: Generation) -> None:
    store.note_attempt(ROUTE, failure="the broker is away", generation=generation)
    failed = store.export_ledger(ROUTE)
    assert failed.failure == "the broker is away"
    assert failed.attempted_at is not None
    store.note_attempt(ROUTE, failure=None, generation=generation)
    assert store.export_ledger(ROUTE).failure == "the broker is away"
    store.note_opened(ROUTE, acknowledged=Position(0), generation=generation)
    assert store.export_ledger(ROUTE).failure == "the broker is away"
    store.note_attempt(ROUTE, failure="still away", generation=generation)
    assert store.export_ledger(ROUTE).failure == "still away"
    store.note_acknowledged(ROUTE, Position(0), generation=generation)
    assert store.export_ledger(ROUTE).failure is None


def test_an_attempt_changes_nothing_but_its_time(store: Store, generation: Generation) -> None:
    store.note_opened(ROUTE, acknowledged=Position(5), generation=generation)
    opened = store.export_ledger(ROUTE)
    store.note_attempt(ROUTE, failure=None, generation=generation)
    attempted = store.export_ledger(ROUTE)
    assert attempted.attempted_at is not None
    assert (attempted.session_opened, attempted.acknowledged, attempted.proven_at, attempted.failure) == (
        True,
        5,
        opened.proven_at,
        None,
    )


def test_each_route_has_a_ledger_of_its_own(store: Store, generation: Generation) -> None:
    store.note_opened(ROUTE, acknowledged=Position(5), generation=generation)
    assert store.export_ledger(Route(OTHER_STREAM, PARTNER)) == EMPTY
    assert store.export_ledger(Route(STREAM, PoolFqdn("pool3.lab"))) == EMPTY


def test_a_take_over_knows_what_was_noted(stores: Stores, store: Store, generation: Generation) -> None:
    store.note_opened(ROUTE, acknowledged=Position(5), generation=generation)
    assert stores.open(store.pool).export_ledger(ROUTE) == store.export_ledger(ROUTE)


def test_the_import_ledger_keeps_a_failure_until_imports_work(store: Store, generation: Generation) -> None:
    assert store.import_ledger(STREAM) == ImportLedger(failure=None, imported_at=None)
    store.note_import(STREAM, failure="disk full", generation=generation)
    assert store.import_ledger(STREAM).failure == "disk full"
    store.note_import(STREAM, failure=None, generation=generation)
    assert store.import_ledger(STREAM).failure is None
