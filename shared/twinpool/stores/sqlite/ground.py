"""What all parts of the store stand on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinpool.errors import LeaseLost
from twinpool.stores.sqlite.connections import Connections
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.sqlite.sweeping import Sweeper
from twinpool.stores.sqlite.wakeups import Bell
from twinpool.vocabulary.names import Generation, Instant, PoolFqdn, Stream


class Ground:
    """The connections of a store and what runs beside its calls."""

    def __init__(self, path: Path, pool: PoolFqdn, *, clock: Callable[[], float] = time.time) -> None:
        self.pool = pool
        self._path = path.absolute()
        self._clock = clock
        self._connections = Connections(self._path)
        self._bell = Bell(self._path)
        self._sweeper = Sweeper(self._connections)

    def now(self) -> Instant:
        """Return the time by the store's clock, which is that of this host: all its processes run here."""
        return Instant(self._clock())

    @contextmanager
    def _fenced(self, generation: Generation) -> Iterator[sqlite3.Connection]:
        """Open a transaction that no take-over can overtake, for there is one writer. Raises `LeaseLost`."""
        with self._connections.writing() as connection:
            held = connection.execute(SQL["hold_generation"], {"generation": generation})
            if held.fetchone() is None:
                raise LeaseLost(f"generation {generation} no longer holds the lease of {self.pool}")
            yield connection

    def _rows(self, name: str, parameters: dict[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run one reading statement and return its rows."""
        with self._connections.reading() as connection:
            return connection.execute(SQL[name], parameters or {}).fetchall()

    def _row(self, name: str, parameters: dict[str, object] | None = None) -> tuple[Any, ...] | None:
        """Run one reading statement and return its first row."""
        rows = self._rows(name, parameters)
        return rows[0] if rows else None


def named(stream: Stream, **more: object) -> dict[str, object]:
    """Return the parameters that name a stream, and more."""
    return {"home": stream.home, "module": stream.module, **more}


def stream_number(connection: sqlite3.Connection, stream: Stream) -> int:
    """Return the number of a stream, adding it if there is none."""
    found = connection.execute(SQL["find_stream"], named(stream)).fetchone()
    if found is None:
        found = connection.execute(SQL["add_stream"], named(stream, set=new_record_set(connection))).fetchone()
    return int(found[0])


def new_record_set(connection: sqlite3.Connection) -> int:
    """Return the number of a record set that nobody has used before."""
    return int(connection.execute(SQL["new_record_set"]).fetchone()[0])


__all__ = ["Ground", "named", "new_record_set", "stream_number"]
