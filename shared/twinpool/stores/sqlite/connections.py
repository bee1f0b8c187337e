"""Connections to the file: one that writes, behind a lock, and as many that read as there are readers at once."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from twinpool.errors import StoreUnavailable
from twinpool.stores.sqlite.failures import store_errors
from twinpool.stores.sqlite.schema import BUSY_SECONDS, bring_up_to_date, check_revision

log = logging.getLogger(__name__)

IDLE_READERS = 8  #: so many are kept open for the next reader

BUSY_PAUSE_SECONDS = 0.0005  #: between two looks whether another process still writes

#: What every connection is told. A commit is on the disk when it returns. The length of the write-ahead log is what
#: batches of 10,000 changes were measured with.
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -4096",  # KiB; there may be as many readers as requests
    "PRAGMA wal_autocheckpoint = 8000",  # pages
    "PRAGMA journal_size_limit = 67108864",  # bytes that the log keeps once it was longer
)

#: What the connection that writes is told besides. A few batches fill its cache; with four times as much they were
#: applied 7 % faster.
_WRITER_SETTINGS = (
    "PRAGMA cache_size = -16384",  # KiB
    "PRAGMA busy_timeout = 0",  # `_begin` waits instead
)


class Connections:
    """Where connections come from.

    Recovery is forgetting: after an error all connections are dropped and the next call opens others, which works as
    soon as the cause is gone. Only the first of all may create the file, for a store that has vanished must not come
    back empty.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._lock = threading.Lock()  # held by whoever writes
        self._writer: sqlite3.Connection | None = None
        self._written_file: tuple[int, int] | None = None  # which file the writer is connected to
        self._readers: deque[sqlite3.Connection] = deque()
        self._closed = False
        with store_errors(self._path):
            bring_up_to_date(self._path)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection in a transaction; leaving commits, an error rolls back.

        Raises `StoreUnavailable`. The transaction has the write lock of the file from its first statement on, so
        what it reads holds until it ends, across all processes.
        """
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"{self._path}: another thread writes for longer than {BUSY_SECONDS:.0f} s")
        try:
            with store_errors(self._path):
                connection = self._current_writer()
                _begin(connection)
                with _committing(connection):
                    yield connection
        except StoreUnavailable as error:
            log.warning("the pool store is unavailable: %s", error, extra={"event": "store.unavailable"})
            self._forget()
            raise
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that reads; each statement sees one moment. Raises `StoreUnavailable`."""
        with store_errors(self._path):
            connection = self._idle_reader() or self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)

    def close(self) -> None:
        """Close all connections, for good."""
        with self._lock:
            self._closed = True
            self._forget()

    def _current_writer(self) -> sqlite3.Connection:
        if self._writer is not None and self._written_file != self._file():
            raise StoreUnavailable(f"{self._path} was removed or replaced")
        if self._writer is None:
            self._written_file = self._file()
            self._writer = self._open()
            for setting in _WRITER_SETTINGS:
                self._writer.execute(setting)
        return self._writer

    def _file(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_dev, found.st_ino

    def _idle_reader(self) -> sqlite3.Connection | None:
        try:
            return self._readers.pop()
        except IndexError:
            return None

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed or len(self._readers) >= IDLE_READERS:
            connection.close()
        else:
            self._readers.append(connection)

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreUnavailable(f"{self._path}: the store is closed")
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=BUSY_SECONDS,
            check_same_thread=False,  # a connection serves one thread at a time, but not always the same
        )
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
            check_revision(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _forget(self) -> None:
        """Drop all connections that nobody uses just now; the caller holds the lock."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        while (reader := self._idle_reader()) is not None:
            reader.close()


def _begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction as soon as no other process writes.

    SQLite itself would look again after pauses that grow to 0.1 s, and so starve beside processes that commit one
    group after another: a renewal of the lease was seen to wait for 2.4 s that way, and for 0.2 s this way.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_PAUSE_SECONDS)  # nothing tells when another process commits
        else:
            return


@contextmanager
def _committing(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have already rolled back
            with suppress(sqlite3.Error):  # the first error says what is wrong; whoever writes next begins anew
                connection.execute("ROLLBACK")
        raise


__all__ = ["Connections"]
