"""The two processes of `pika-naive`: one publishes the rows of a log table, the other writes them to its own table."""

from __future__ import annotations

import base64
import json
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import islice
from typing import Any

import pika
import psycopg
from pika.adapters.blocking_connection import BlockingChannel

from twinpool.vocabulary.change import Change, Record
from twinpool_services.bench.child_side import hear, say
from twinpool_services.bench.drain.backlog import Content, content_of

MODULE = "twinpool_services.bench.drain.naive_process"
QUEUE = "naive"
PAGE = 1_000  #: rows of the log that are read at once

_Connection = Any  #: of sqlite3 or psycopg; the statements below are good for both

_MAKE_TABLE = """
CREATE TABLE record (owner text NOT NULL, key text NOT NULL, value {bytes} NOT NULL, PRIMARY KEY (owner, key))
"""
_MAKE_LOG = "CREATE TABLE log (place bigint PRIMARY KEY, owner text, key text, value {bytes})"
_FILL_LOG = "INSERT INTO log VALUES ({p}, {p}, {p}, {p})"
_READ_LOG = "SELECT place, owner, key, value FROM log WHERE place > {p} ORDER BY place LIMIT {p}"
_WRITE = """
INSERT INTO record VALUES ({p}, {p}, {p}) ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value
"""
_READ = "SELECT owner, key, value FROM record ORDER BY owner {collation}, key {collation}"


class Database:
    """A database of either kind, whose commits are durable."""

    def __init__(self, url: str) -> None:
        """Open it."""
        path = url.removeprefix("sqlite:///")
        self._words = {"p": "?", "bytes": "blob", "collation": ""}
        if path == url:
            self._words = {"p": "%s", "bytes": "bytea", "collation": 'COLLATE "C"'}
        self.connection: _Connection = psycopg.connect(url) if path == url else _sqlite(path)
        self.cursor = self.connection.cursor()

    def execute(self, statement: str, *values: object) -> Any:
        """Execute a statement."""
        return self.cursor.execute(statement.format(**self._words), values)

    def execute_many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Execute a statement for each row."""
        self.cursor.executemany(statement.format(**self._words), rows)


def main() -> None:
    """Publish or consume, whichever our role is."""
    work = {"publisher": _publish, "consumer": _consume}[sys.argv[1]]
    told = hear()
    database = Database(told["store"])
    with closing(database.connection), pika.BlockingConnection(pika.URLParameters(told["broker"])) as connection:
        channel = connection.channel()
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        say("ready")
        hear()
        work(database, channel, told)
        say("done")
        hear()


def _publish(database: Database, channel: BlockingChannel, told: Mapping[str, Any]) -> None:  # noqa: ARG001 - as below
    """Publish each row and wait for the broker's word that it is safe."""
    channel.confirm_delivery()
    persistent = pika.BasicProperties(delivery_mode=2)
    place = -1
    while rows := database.execute(_READ_LOG, place, PAGE).fetchall():
        for place, owner, key, value in rows:  # noqa: B007 - the last one is where to go on
            body = json.dumps({"owner": owner, "key": key, "value": base64.b64encode(value).decode()})
            channel.basic_publish("", QUEUE, body.encode(), persistent, mandatory=True)


def _consume(database: Database, channel: BlockingChannel, told: Mapping[str, Any]) -> None:
    """Commit each change, and let the broker forget it then."""
    for method, _, body in islice(channel.consume(QUEUE), told["changes"]):
        change = json.loads(body)
        database.execute(_WRITE, change["owner"], change["key"], base64.b64decode(change["value"]))
        database.connection.commit()
        channel.basic_ack(method.delivery_tag)


def fill_log(url: str, rows: Iterable[Change]) -> None:
    """Make the log table of a source."""
    database = Database(url)
    with closing(database.connection):
        database.execute(_MAKE_LOG)
        database.execute_many(_FILL_LOG, [(place, *row) for place, row in enumerate(rows)])
        database.connection.commit()


def make_table(url: str) -> None:
    """Make the table of a target."""
    database = Database(url)
    with closing(database.connection):
        database.execute(_MAKE_TABLE)
        database.connection.commit()


def held(url: str) -> Content:
    """Say what a target holds."""
    database = Database(url)
    with closing(database.connection):
        return content_of(Record(*row) for row in database.execute(_READ).fetchall())


def delete_queue(broker: str) -> None:
    """Take the queue away."""
    with pika.BlockingConnection(pika.URLParameters(broker)) as connection:
        connection.channel().queue_delete(QUEUE)


def _sqlite(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


if __name__ == "__main__":
    main()
