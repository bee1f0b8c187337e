"""What a status says when the store is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pairs import CONTACTS, LEASE, MODULES, P1, P2, PRESENCE, deployment
from twinpool.errors import StoreUnavailable
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import FrontEndName, Home, Route, Stream, Term
from twinpool.vocabulary.states import BackupStatus, ExportState
from twinpool_services.backup.status import read_status


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A store that can be read but not written."""
    store = MemoryStore(P1)

    def check() -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(store, "check", check)
    return store


def status_of(store: MemoryStore, directory: Path) -> BackupStatus:
    return read_status(store, deployment(directory), P1, MODULES, BackupServiceConfiguration())


def test_a_store_that_cannot_be_written_has_no_status_while_nobody_could_note_what_fails(
    full: MemoryStore, tmp_path: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="full"):
        status_of(full, tmp_path)


def test_while_somebody_renews_the_lease_the_store_is_not_tried(full: MemoryStore, tmp_path: Path) -> None:
    full.acquire_lease(FrontEndName("fe1.pool1.lab"), LEASE)

    assert status_of(full, tmp_path).active_machine == "fe1.pool1.lab"


def test_a_home_whose_backup_pool_was_never_heard_is_not_hidden_by_one_that_is_final(tmp_path: Path) -> None:
    store = MemoryStore(P1)
    for home in (Home(P1), Home(P2)):
        store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=P1, mode=Mode.READ_WRITE))
    generation = store.acquire_lease(FrontEndName("fe1.pool1.lab"), LEASE).generation

    def state() -> ExportState:
        return next(row.export_state for row in status_of(store, tmp_path).modules if row.identity == PRESENCE)

    store.note_opened(Route(CONTACTS, P2), acknowledged=store.head(CONTACTS), generation=generation)
    heard_of_one = state()
    taken_over = Stream(Home(P2), PRESENCE)
    store.note_opened(Route(taken_over, P2), acknowledged=store.head(taken_over), generation=generation)

    assert (heard_of_one, state()) == (ExportState.NOT_INITIALIZED, ExportState.FINAL)
