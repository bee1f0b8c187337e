"""The pool store in one SQLite file, shared by the front ends of a pool on one host."""

from twinpool.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
