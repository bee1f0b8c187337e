"""Connections to the server: a bounded pool for requests, and dedicated ones for what lasts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from twinpool.errors import InvalidConfiguration, StoreUnavailable
from twinpool.stores.postgresql.failures import store_errors
from twinpool.stores.postgresql.statements import SQL

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]
Statement = tuple[str, Mapping[str, object]]  #: name and parameters


class Transaction(NamedTuple):
    """A transaction under way."""

    connection: Connection
    begun: list[list[tuple[Any, ...]]]  #: the rows of the statements that it began with


DEFAULT_CONNECTIONS = 8  #: at most so many requests of one process talk to the server at once
WAIT_FOR_CONNECTION = 10.0  #: seconds that a request waits while all connections are busy

#: How we connect unless the URL says otherwise. A vanished server is noticed within about 15 s.
_CONNECTING = {
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",  # a standby refuses us here and not in the middle of a write
}

#: What every session is told. The timeouts bound how long a stopped or vanished process can hold locks that a
#: take-over waits for. All our statements go by an index, whatever the statistics of a young table say.
_SETTINGS = {
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",
    "transaction_timeout": "90s",  # from PostgreSQL 17 on
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "client_connection_check_interval": "1s",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # the plans would all be the same, and planning costs as much as running
}

_CONFIGURE = b"""
SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)
WHERE name IN (SELECT name FROM pg_settings)
UNION ALL
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""


class Connections:
    """Where sessions come from.

    Recovery is forgetting: a pool in which a connection broke is closed, and the next call builds another, after
    having connected once itself. So a server that is away is reported at once and with its reason, and one
    that is back is used at once.
    """

    def __init__(self, url: str, *, application: str, at_most: int = DEFAULT_CONNECTIONS) -> None:
        try:
            given = conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            # Without the cause, for its text may quote the password.
            raise InvalidConfiguration("the URL of the PostgreSQL store cannot be read", field="store") from None
        self._parameters: dict[str, Any] = {"application_name": application, **_CONNECTING, **given}
        self._secret = str(given.get("password") or "")
        self._at_most = at_most
        self._pool: ConnectionPool[Connection] | None = None
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Lend a connection in autocommit mode. Raises `StoreUnavailable`, and `Contended` when trying again helps."""
        with self.errors():
            pool = self._current_pool()
            connection: Connection | None = None
            try:
                with pool.connection(timeout=WAIT_FOR_CONNECTION) as connection:
                    yield connection
            except (PoolTimeout, PoolClosed):
                self._forget(pool)
                raise
            except psycopg.Error:
                if connection is not None and connection.closed:
                    self._forget(pool)
                raise

    @contextmanager
    def transaction(self, *first: Statement) -> Iterator[Transaction]:
        """Lend a connection in a transaction that begins with some statements, all in one round trip.

        Leaving commits. An error on leaving may mean that the outcome is unknown; it is never a success.
        """
        with self.session() as connection:
            try:
                begun = _begin(connection, first)
                yield Transaction(connection, begun)
                committed = connection.execute(b"COMMIT")
            except BaseException:  # whatever it was, nothing of this transaction may remain
                with suppress(psycopg.Error):
                    connection.rollback()
                raise
            if committed.statusmessage != "COMMIT":
                raise StoreUnavailable(f"the server answered a COMMIT by {committed.statusmessage}")

    def dedicated(self) -> Connection:
        """Open a connection of the caller's own. Raises `StoreUnavailable`."""
        with self.errors():
            return self._connect()

    def plain(self) -> Connection:
        """Open a connection without our time limits and not in autocommit mode. Raises psycopg's errors."""
        connection: Connection = psycopg.connect(**self._parameters)
        return connection

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn psycopg's errors into ours, without the password."""
        with store_errors(self._secret):
            yield

    def close(self) -> None:
        """Close all pooled connections, for good."""
        self._closed = True
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _current_pool(self) -> ConnectionPool[Connection]:
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            if self._pool is None:
                self._connect().close()  # fails here, with the reason, and not as a time-out of the pool
                self._pool = ConnectionPool(
                    kwargs={**self._parameters, "autocommit": True},
                    min_size=1,
                    max_size=self._at_most,
                    configure=configure,
                    timeout=WAIT_FOR_CONNECTION,
                    reconnect_timeout=1.0,
                    open=True,
                )
            return self._pool

    def _connect(self) -> Connection:
        connection: Connection = psycopg.connect(**self._parameters, autocommit=True)
        try:
            configure(connection)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _forget(self, pool: ConnectionPool[Connection]) -> None:
        with self._lock:
            if self._pool is not pool:
                return  # somebody else has already done it
            self._pool = None
        log.warning("lost the connection to the pool store", extra={"event": "store.connection.lost"})
        pool.close()


def _begin(connection: Connection, first: tuple[Statement, ...]) -> list[list[tuple[Any, ...]]]:
    """Begin a transaction and run statements in it; return the rows of each.

    They go as one query of the simple protocol. A pipeline would do as well, were it not for a process that is
    stopped in the middle: psycopg ends a pipeline by a message after which the server no longer counts the
    session as idle, and then no timeout would ever free the locks that it holds.
    """
    cursor = psycopg.ClientCursor(connection)
    statements = [cursor.mogrify(SQL[name], parameters) for name, parameters in first]
    cursor.execute("\n".join(["BEGIN;", *statements]).encode())
    rows = []
    while cursor.nextset():
        rows.append(cursor.fetchall() if cursor.description else [])
    return rows


def configure(connection: Connection) -> None:
    """Tell a new session our time limits and habits."""
    connection.execute(_CONFIGURE, (list(_SETTINGS), list(_SETTINGS.values())))


__all__ = ["DEFAULT_CONNECTIONS", "Connection", "Connections", "Statement", "Transaction"]
