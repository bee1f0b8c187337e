from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from twinpool.stores.sqlite import SqliteStore, sweeping
from twinpool.vocabulary.change import Record
from twinpool.vocabulary.names import FrontEndName, Generation, Home, ModuleName, PoolFqdn, Position, Stream, Term
from twinpool.vocabulary.session import SessionId

STREAM = Stream(Home("pool1.lab"), ModuleName("m"))
SESSION = SessionId(Term(1), Generation(1), 1)
RECORDS = [Record("o", f"{n:05}", b"v") for n in range(500)]
HOUR = timedelta(hours=1)


def snapshot(store: SqliteStore, generation: Generation) -> None:
    """Replace what the stream shows by the same records in a new set."""
    store.begin_staging(STREAM, session=SESSION, position=Position(1), generation=generation)
    store.stage(STREAM, RECORDS, session=SESSION, walked_to=None, settles_at=Position(1), generation=generation)
    store.swap_in(STREAM, session=SESSION, generation=generation)


def counts(path: Path) -> tuple[int, int]:
    """Count rows and discarded sets."""
    with closing(sqlite3.connect(path)) as connection:
        return (
            connection.execute("SELECT count(*) FROM record").fetchone()[0],
            connection.execute("SELECT count(*) FROM discarded_set").fetchone()[0],
        )


def comes_to(path: Path, expected: tuple[int, int]) -> bool:
    pause = Event()
    for _ in range(1500):
        if counts(path) == expected:
            return True
        pause.wait(0.02)
    return False


def test_what_was_replaced_is_deleted_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "STEP", 30)
    path = tmp_path / "store.db"
    with closing(SqliteStore(path, PoolFqdn("pool2.lab"))) as store:
        generation = store.acquire_lease(FrontEndName("fe1"), HOUR).generation
        store.note_session(STREAM, SESSION, generation=generation)
        for _ in range(3):
            snapshot(store, generation)
        assert comes_to(path, (len(RECORDS), 0))
        assert store.record_count(STREAM) == len(RECORDS)


def test_what_a_crash_left_is_deleted_by_the_next_holder_of_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store.db"
    with monkeypatch.context() as crashed, closing(SqliteStore(path, PoolFqdn("pool2.lab"))) as store:
        crashed.setattr(sweeping.Sweeper, "sweep_soon", lambda _: None)
        generation = store.acquire_lease(FrontEndName("fe1"), HOUR).generation
        store.note_session(STREAM, SESSION, generation=generation)
        snapshot(store, generation)
        snapshot(store, generation)
    assert counts(path)[0] == 2 * len(RECORDS)
    with closing(SqliteStore(path, PoolFqdn("pool2.lab"))) as store:
        store.acquire_lease(FrontEndName("fe1"), HOUR)
        assert comes_to(path, (len(RECORDS), 0))
