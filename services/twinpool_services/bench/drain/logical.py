"""PostgreSQL's own logical replication: what a user would take instead.

The same transactions are committed while the subscription is disabled; it is enabled, and time runs until the last of
them can be seen at the subscriber. Nothing that it does by itself is changed: no binary format, no streaming.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from twinpool.vocabulary.change import Record
from twinpool_services.bench.drain.backlog import content_of
from twinpool_services.bench.drain.captured import require_equal
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.measuring import Reading

SLOT = "bench"
LONGEST = 1_800.0  #: seconds until a drain counts as stuck
LOOK = 0.005

_Connection = psycopg.Connection[tuple[Any, ...]]

#: Owner and key are compared as in our own table.
TABLES = """
CREATE TABLE record (
    owner text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE TABLE finished (at integer PRIMARY KEY);
"""

#: Commits each transaction by itself, inside the server, which is the quickest way to fill a log.
WRITING = """
CREATE UNLOGGED TABLE staged (place bigint PRIMARY KEY, owner text, key text, value bytea);
CREATE PROCEDURE write_backlog(size integer) LANGUAGE plpgsql AS $$
DECLARE
    change staged%ROWTYPE;
BEGIN
    FOR change IN SELECT * FROM staged ORDER BY place LOOP
        INSERT INTO record VALUES (change.owner, change.key, change.value)
        ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value;
        IF (change.place + 1) % size = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
    COMMIT;
    INSERT INTO finished VALUES (1);
END $$;
"""

SUBSCRIPTION = """
CREATE SUBSCRIPTION bench CONNECTION '{source}' PUBLICATION bench
WITH (create_slot = false, slot_name = '{slot}', enabled = false, copy_data = false, synchronous_commit = '{mode}')
"""


class LogicalReplication:
    """Drains a backlog by a publication and a subscription of one server."""

    def __init__(self, draining: Draining, *, durable: bool) -> None:
        """Work on a backlog. If `durable`, each commit of the subscriber is, as ours are; else as PostgreSQL does."""
        self._draining, self._durable = draining, durable
        self.name = "postgresql-logical" if durable else "postgresql-logical-async"

    def run(self) -> Reading:
        """Drain it once. Raises `BenchFailed`."""
        servers = self._draining.servers
        urls = [servers.new_database(), servers.new_database()]
        try:
            with (
                psycopg.connect(urls[0], autocommit=True) as source,
                psycopg.connect(urls[1], autocommit=True) as target,
            ):
                with self._subscribed(source, target, urls[0]):
                    self._write(source)
                    seconds, details = self._draining.timed(lambda: _drain(target))
                require_equal(content_of(_records(target)), self._draining.result)
        finally:
            for url in urls:
                servers.drop_store(url)
        return Reading(changes=self._draining.backlog.changes, seconds=seconds, details=details)

    @contextmanager
    def _subscribed(self, source: _Connection, target: _Connection, source_url: str) -> Iterator[None]:
        """Set up publication, slot and subscription, which waits disabled."""
        for connection in (source, target):
            _script(connection, TABLES)
        _script(source, "CREATE PUBLICATION bench FOR TABLE record, finished")
        # Beforehand, for CREATE SUBSCRIPTION would wait for its own transaction if it made a slot in its own server.
        source.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (SLOT,))
        mode = "on" if self._durable else "off"
        _script(target, SUBSCRIPTION.format(source=source_url, slot=SLOT, mode=mode))
        try:
            yield
        finally:
            _script(target, "ALTER SUBSCRIPTION bench DISABLE")
            _script(target, "ALTER SUBSCRIPTION bench SET (slot_name = NONE)")
            _script(target, "DROP SUBSCRIPTION bench")
            _drop_slot(source)

    def _write(self, source: _Connection) -> None:
        backlog = self._draining.backlog
        _script(source, WRITING)
        with source.cursor() as cursor, cursor.copy("COPY staged FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "text", "bytea"])
            for place, change in enumerate(backlog.rows()):
                copy.write_row((place, *change))
        source.execute("SET synchronous_commit = off")
        source.execute("CALL write_backlog(%s::integer)", (backlog.transaction_size,))
        source.execute("DROP TABLE staged")


def _connected(url: str) -> _Connection:
    return psycopg.connect(url, autocommit=True)


def _drain(target: _Connection) -> None:
    """Enable the subscription and wait until the last transaction has been applied."""
    _script(target, "ALTER SUBSCRIPTION bench ENABLE")
    pause, deadline = threading.Event(), time.monotonic() + LONGEST
    while target.execute("SELECT FROM finished").fetchone() is None:
        if time.monotonic() > deadline:
            raise BenchFailed(f"logical replication is not done within {LONGEST:.0f} s")
        pause.wait(LOOK)


def _drop_slot(source: _Connection) -> None:
    """Drop the slot once the subscriber has let go of it."""
    pause, deadline = threading.Event(), time.monotonic() + 30.0
    query = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
    while source.execute(query, (SLOT,)).fetchone() == (True,) and time.monotonic() < deadline:
        pause.wait(0.05)
    source.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))


def _records(target: _Connection) -> Iterator[Record]:
    with target.transaction(), target.cursor("records", binary=True) as cursor:
        cursor.itersize = 10_000
        for row in cursor.execute("SELECT owner, key, value FROM record ORDER BY owner, key"):
            yield Record(*row)


def _script(connection: _Connection, text: str) -> None:
    """Execute statements of ours, several at once where they may be."""
    connection.execute(text.encode())
