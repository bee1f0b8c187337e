"""A file that is full, busy, damaged or gone is reported with its reason, and used again once it is cured."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from twinpool.errors import StoreUnavailable
from twinpool.stores.sqlite import SqliteStore, connections
from twinpool.vocabulary.change import Change, Committed, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Stream, Term

POOL = PoolFqdn("pool1.lab")
STREAM = Stream(Home(POOL), ModuleName("m"))


def some(value: bytes = b"v") -> list[Transaction]:
    return [Transaction(stream=STREAM, changes=(Change("o", "k", value),), payload=value)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path, POOL)) as store:
        store.declare_home(HomeStatus(home=STREAM.home, term=Term(1), serving_pool=POOL, mode=Mode.READ_WRITE))
        yield store


def assert_works(store: SqliteStore) -> None:
    store.check()
    assert isinstance(store.write(some(b"cured"))[0], Committed)
    assert store.read(STREAM, RecordKey("o", "k")) == b"cured"


def test_a_full_disk_is_told_and_nothing_is_kept_of_the_write(store: SqliteStore) -> None:
    with store._connections.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1")  # no page more than there are
    with pytest.raises(StoreUnavailable, match=r"store\.db: database or disk is full"):
        store.write(some(b"x" * 1_000_000))
    assert store.read(STREAM, RecordKey("o", "k")) is None
    assert store.head(STREAM) == 0
    assert_works(store)


def test_a_file_that_another_holds_for_too_long_is_told(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.05)
    store.close()
    with closing(SqliteStore(path, POOL)) as impatient, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            impatient.write(some())
        impatient.homes()  # readers are not in the way of each other
        other.execute("ROLLBACK")
        assert_works(impatient)


def test_a_file_that_was_removed_is_told_and_does_not_come_back_empty(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    store.write(some())
    away = tmp_path / "away"
    away.mkdir()
    for file in tmp_path.glob("store.db*"):
        if file.is_file():
            shutil.move(file, away)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            store.write(some())
        with pytest.raises(StoreUnavailable):
            store.check()
    assert not path.exists()
    for file in away.iterdir():
        shutil.move(file, tmp_path)
    assert_works(store)


def test_a_damaged_file_is_told_and_used_again_once_it_is_restored(store: SqliteStore, path: Path) -> None:
    store.write(some())
    store.close()
    whole = path.read_bytes()
    with closing(SqliteStore(path, POOL)) as reopened:
        path.write_bytes(b"this is no database" * 1000)
        with pytest.raises(StoreUnavailable, match=r"store\.db"):
            reopened.check()
        with pytest.raises(StoreUnavailable):
            reopened.homes()
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        path.write_bytes(whole)
        assert_works(reopened)


def test_a_file_that_is_no_store_cannot_be_opened(path: Path) -> None:
    path.write_text("this is no database" * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore(path, POOL)


def test_a_place_that_is_no_directory_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        SqliteStore(tmp_path / "file" / "store.db", POOL)


def test_a_closed_store_says_so(store: SqliteStore) -> None:
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.homes()


def test_a_bug_stays_a_bug(store: SqliteStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), store._connections.writing() as connection:
        connection.execute("SELECT * FROM no_table")
    assert_works(store)
