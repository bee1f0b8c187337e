"""What was changed while a walk went on: the newest word about each record, kept on disk in the order of a walk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from twinpool.errors import StoreUnavailable
from twinpool.vocabulary.change import Change, Record

#: A database of its own that lies in a file without a name and goes with it. Records are ordered by code point, and
#: SQLite compares the bytes of UTF-8, whose order is the same.
_ANONYMOUS = ""
_TABLE = "CREATE TABLE change (owner TEXT, key TEXT, value BLOB, PRIMARY KEY (owner, key)) WITHOUT ROWID"
_PUT = "INSERT OR REPLACE INTO change VALUES (?, ?, ?)"
_ALL = "SELECT owner, key, value FROM change ORDER BY owner, key"


class Overrides:
    """The changes that go over a walk. Used by one thread at a time. Every method may raise `StoreUnavailable`."""

    def __init__(self) -> None:
        """Begin with none."""
        with _disk_errors():
            self._connection = sqlite3.connect(_ANONYMOUS, isolation_level=None, check_same_thread=False)
            self._connection.execute(_TABLE)

    def note(self, changes: Iterable[Change]) -> None:
        """Note changes; later ones win."""
        with _disk_errors():
            self._connection.execute("BEGIN")
            self._connection.executemany(_PUT, changes)
            self._connection.execute("COMMIT")

    def over(self, walked: Iterator[Record]) -> Iterator[Record]:
        """Merge with what was walked, in order: what was put replaces or comes in between, what was deleted goes."""
        with _disk_errors():
            changes = self._connection.execute(_ALL)
            change = changes.fetchone()
            for record in walked:
                while change is not None and change[:2] < record[:2]:
                    if change[2] is not None:
                        yield Record(*change)
                    change = changes.fetchone()
                if change is None or change[:2] != record[:2]:
                    yield record
            while change is not None:
                if change[2] is not None:
                    yield Record(*change)
                change = changes.fetchone()

    def close(self) -> None:
        """Forget them."""
        self._connection.close()


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"changes cannot be spooled: {error}") from error
