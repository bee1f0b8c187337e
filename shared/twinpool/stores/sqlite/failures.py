"""What sqlite3's and the file system's errors mean to those who use the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from twinpool.errors import StoreUnavailable

#: The file is busy for too long, full, damaged, or cannot be read or written. All else is a bug and stays one.
_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn errors about the file into `StoreUnavailable`."""
    try:
        yield
    except sqlite3.Error as error:
        # The low byte is the kind of error, the rest says more about it. Without a code it was raised by Python.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNAVAILABLE:
            raise
        raise StoreUnavailable(f"{path}: {error} ({error.sqlite_errorname})") from error
    except OSError as error:
        raise StoreUnavailable(f"{error.filename or path}: {error.strerror}") from error


__all__ = ["store_errors"]
