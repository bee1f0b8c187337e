"""What a status says when the store is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pairs import LEASE, MODULES, P1, deployment
from twinpool.errors import StoreUnavailable
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.names import FrontEndName
from twinpool.vocabulary.states import BackupStatus
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
