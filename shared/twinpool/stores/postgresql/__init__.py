"""The pool store in PostgreSQL, for pools whose front ends are on several hosts."""

from twinpool.stores.postgresql.store import PostgresqlStore

__all__ = ["PostgresqlStore"]
