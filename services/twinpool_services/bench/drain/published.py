"""A database of PostgreSQL whose transactions others can follow: what the peers that read its log drain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from twinpool.vocabulary.change import Record
from twinpool_services.bench.drain.backlog import Backlog, Content, content_of
from twinpool_services.bench.servers import BenchServers

SLOT = "bench"

Connection = psycopg.Connection[tuple[Any, ...]]

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


@contextmanager
def databases(servers: BenchServers) -> Iterator[tuple[str, str]]:
    """Have two empty databases while the block runs: a source and a target."""
    urls = servers.new_database(), servers.new_database()
    try:
        yield urls
    finally:
        for url in urls:
            servers.drop_store(url)


@contextmanager
def published(url: str, backlog: Backlog) -> Iterator[Callable[[], None]]:
    """Have a publication and a slot from which its changes can be read; call what is returned to write the backlog."""
    with connected(url) as source:
        make_tables(source)
        script(source, "CREATE PUBLICATION bench FOR TABLE record, finished")
        # Beforehand, for CREATE SUBSCRIPTION would wait for its own transaction if it made a slot in its own server.
        source.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (SLOT,))
        try:
            yield lambda: _write(source, backlog)
        finally:
            _drop_slot(source)


def make_tables(connection: Connection) -> None:
    """Make the tables, which are the same on both sides."""
    script(connection, TABLES)


def held(url: str) -> Content:
    """Say what a database holds."""
    with connected(url) as target, target.transaction(), target.cursor("records", binary=True) as cursor:
        cursor.itersize = 10_000
        rows = cursor.execute("SELECT owner, key, value FROM record ORDER BY owner, key")
        return content_of(Record(*row) for row in rows)


def connected(url: str) -> Connection:
    """Connect to a database; each statement is a transaction."""
    return psycopg.connect(url, autocommit=True)


def script(connection: Connection, text: str) -> None:
    """Execute statements of ours, several at once where they may be."""
    connection.execute(text.encode())


def _write(source: Connection, backlog: Backlog) -> None:
    script(source, WRITING)
    with source.cursor() as cursor, cursor.copy("COPY staged FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int8", "text", "text", "bytea"])
        for place, change in enumerate(backlog.rows()):
            copy.write_row((place, *change))
    source.execute("SET synchronous_commit = off")
    source.execute("CALL write_backlog(%s::integer)", (backlog.transaction_size,))
    source.execute("DROP TABLE staged")


def _drop_slot(source: Connection) -> None:
    """Drop the slot once whoever reads from it has let go of it."""
    pause, deadline = threading.Event(), time.monotonic() + 30.0
    query = "SELECT active FROM pg_replication_slots WHERE slot_name = %s"
    while source.execute(query, (SLOT,)).fetchone() == (True,) and time.monotonic() < deadline:
        pause.wait(0.05)
    source.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
