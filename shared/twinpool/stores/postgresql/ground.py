"""What all parts of the store stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from twinpool.errors import LeaseLost
from twinpool.stores.postgresql.connections import DEFAULT_CONNECTIONS, Connection, Connections
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import Streams
from twinpool.stores.postgresql.sweeping import Sweeper
from twinpool.stores.postgresql.wakeups import Notifier
from twinpool.vocabulary.names import Generation, PoolFqdn


class Ground:
    """The connections of a store and what runs beside its calls."""

    def __init__(self, url: str, pool: PoolFqdn, *, connections: int = DEFAULT_CONNECTIONS) -> None:
        self.pool = pool
        self._connections = Connections(url, application=f"twinpool {pool}"[:63], at_most=connections)
        self._streams = Streams(self._connections)
        self._notifier = Notifier(self._connections)
        self._sweeper = Sweeper(self._connections)

    @contextmanager
    def _fenced(self, generation: Generation) -> Iterator[Connection]:
        """Open a transaction that no take-over can overtake. Raises `LeaseLost`.

        The lease row is held until the commit, so a take-over either waits for us or has been seen by us.
        """
        with self._connections.transaction() as connection:
            held = connection.execute(SQL["hold_generation"], {"generation": generation})
            if held.fetchone() is None:
                raise LeaseLost(f"generation {generation} no longer holds the lease of {self.pool}")
            yield connection

    def _row(self, name: str, **parameters: object) -> tuple[Any, ...] | None:
        """Run one statement for itself and return its first row."""
        with self._connections.session() as connection:
            row: tuple[Any, ...] | None = connection.execute(SQL[name], parameters, binary=True).fetchone()
        return row

    def _rows(self, name: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Run one statement for itself and return its rows."""
        with self._connections.session() as connection:
            return connection.execute(SQL[name], parameters, binary=True).fetchall()


def lock_number(kind: str, name: str) -> int:
    """Return the advisory lock that stands for a name; a collision costs waiting, never correctness."""
    return int.from_bytes(blake2b(f"{kind}/{name}".encode(), digest_size=8).digest(), "big", signed=True)


__all__ = ["Ground", "lock_number"]
