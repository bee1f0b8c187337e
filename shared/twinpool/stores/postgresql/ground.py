"""What all parts of the store stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from twinpool.errors import LeaseLost
from twinpool.stores.postgresql.connections import DEFAULT_CONNECTIONS, Connections, Statement, Transaction
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
    def _fenced(self, generation: Generation, *first: Statement) -> Iterator[Transaction]:
        """Open a transaction that no take-over can overtake, and that begins with some statements.

        The lease row is held until the commit, so a take-over either waits for us or has been seen by us. Raises
        `LeaseLost`, and then nothing of it remains.
        """
        with self._connections.transaction(("hold_generation", {"generation": generation}), *first) as transaction:
            held, *begun = transaction.begun
            if not held:
                raise LeaseLost(f"generation {generation} no longer holds the lease of {self.pool}")
            yield Transaction(transaction.connection, begun)

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


def storable(text: str) -> str:
    """Return a text for people without what PostgreSQL cannot store."""
    return text.encode(errors="replace").decode().replace("\0", "?")


__all__ = ["Ground", "lock_number", "storable"]
