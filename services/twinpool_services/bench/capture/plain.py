"""The same writes without capture: what an application would do that nobody replicates.

They share commits as ours do and are as durable, into a table of the same shape; but there is no log, no stream, and
no fence of a home. So the difference is what capture costs.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.names import Instant, Position, Term

SQLITE_TABLE = """
CREATE TABLE plain (owner TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (owner, key))
"""
SQLITE_PUT = """
INSERT INTO plain (owner, key, value) VALUES (?, ?, ?)
ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value
"""
POSTGRESQL_TABLE = b"""
CREATE TABLE plain (
    owner text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, value bytea NOT NULL, PRIMARY KEY (owner, key)
) WITH (fillfactor = 85)
"""
POSTGRESQL_PUT = b"""
INSERT INTO plain (owner, key, value)
SELECT owner, key, value FROM unnest(%(owners)b::text[], %(keys)b::text[], %(values)b::bytea[])
    AS put (owner, key, value)
ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value
"""


class PlainSqlite:
    """Writes to a file of its own, with the settings of ours."""

    def __init__(self, path: Path) -> None:
        """Create the file."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16384", "wal_autocheckpoint = 8000"):
            self._connection.execute(f"PRAGMA {setting}")
        self._connection.execute(SQLITE_TABLE)

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Put the records of transactions in one commit."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(SQLITE_PUT, _last(transactions))
            self._connection.execute("COMMIT")
        return _committed(transactions)

    def count(self) -> int:
        """Count the records."""
        return int(self._connection.execute("SELECT count(*) FROM plain").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class PlainPostgresql:
    """Writes to a database of its own."""

    def __init__(self, url: str) -> None:
        """Create the table."""
        self._lock = threading.Lock()
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute(POSTGRESQL_TABLE)

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Put the records of transactions in one commit."""
        owners, keys, values = zip(*_last(transactions), strict=True)
        parameters = {"owners": list(owners), "keys": list(keys), "values": list(values)}
        with self._lock:
            self._connection.execute(POSTGRESQL_PUT, parameters)
        return _committed(transactions)

    def count(self) -> int:
        """Count the records."""
        row = self._connection.execute(b"SELECT count(*) FROM plain").fetchone()
        return 0 if row is None else int(row[0])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _last(transactions: Iterable[Transaction]) -> list[Change]:
    """Return the last change of each record, in key order."""
    last = {change[:2]: change for transaction in transactions for change in transaction.changes}
    return [last[place] for place in sorted(last)]


def _committed(transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
    return [Committed(position=Position(0), term=Term(0), at=Instant(time.time())) for _ in transactions]
