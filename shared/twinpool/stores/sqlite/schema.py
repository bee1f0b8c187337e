"""Makes the file ready before a store is opened on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from twinpool.errors import StoreUnavailable
from twinpool.stores.migrations import VERSION_TABLE, is_current, migrate
from twinpool.stores.sqlite.statements import SQL

BUSY_SECONDS = 10.0  #: how long a statement waits for another process to let go of the file


def bring_up_to_date(path: Path) -> None:
    """Make the file, or migrate it, unless it is of the newest schema. Raises what sqlite3 and the system raise.

    Two cheap statements tell, for front ends start often.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if _is_current(path):
        return
    with _alone(path):
        with closing(_connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # the file remembers it
        migrate("sqlite", lambda: _connect(path))


def check_revision(connection: sqlite3.Connection) -> None:
    """Raise `StoreUnavailable` unless a connection is to a store of the newest schema.

    So a file that was put in place of ours meanwhile is told from a bug.
    """
    if not is_current("sqlite", _revision(connection)):
        raise StoreUnavailable("the file does not hold a store of this version any more")


def _is_current(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    with closing(_connect(path)) as connection:
        return is_current("sqlite", _revision(connection))


def _revision(connection: sqlite3.Connection) -> str | None:
    if connection.execute(SQL["version_table"], {"table": VERSION_TABLE}).fetchone() is None:
        return None
    row: tuple[str] | None = connection.execute(SQL["schema_version"]).fetchone()
    return None if row is None else row[0]


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process after another make or migrate the file; the kernel lets go for one that dies."""
    with path.with_name(f"{path.name}.lock").open("wb") as file:
        flock(file, LOCK_EX)
        yield


__all__ = ["BUSY_SECONDS", "bring_up_to_date", "check_revision"]
