"""The lease that makes one front end the active one, by the server's clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from twinpool.errors import LeaseLost, LeaseTaken
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.text import check_text
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Instant


class PostgresqlLeases(Ground):
    """The lease row."""

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease with a higher generation; see `Leases.acquire_lease`.

        Waits for the fenced transactions of the former holder that are just being committed.
        """
        check_text(holder)
        wanted = {"holder": holder, "seconds": duration.total_seconds()}
        with self._connections.transaction(("know_lease", {}), ("lock_lease", {})) as (connection, begun):
            ((other, seconds_left),) = begun[1]
            if seconds_left > 0 and other != holder:
                raise LeaseTaken(other, seconds_left)
            taken = connection.execute(SQL["take_lease"], wanted)
        self._sweeper.sweep_soon()  # what a crash may have left
        return _lease(*taken.fetchall())

    def renew_lease(self, lease: Lease, duration: timedelta) -> Lease:
        """Extend the lease from now. Raises `LeaseLost` once another generation exists."""
        row = self._row("renew_lease", generation=lease.generation, seconds=duration.total_seconds())
        if row is None:
            raise LeaseLost(f"generation {lease.generation} no longer holds the lease of {self.pool}")
        return _lease(row)

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back so that another may take it at once; does nothing if it was overtaken."""
        with self._connections.session() as connection:
            connection.execute(SQL["release_lease"], {"generation": lease.generation})
        self._notifier.announce()

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Have the next generation be above `at_least`; see `Leases.raise_generation`.

        Waits for the fenced transactions that are just being committed, as a take-over does.
        """
        wanted = {"at_least": at_least, "generation": generation}
        with self._connections.transaction(("lock_lease", {}), ("raise_generation", wanted)) as (_, begun):
            if not begun[1]:
                raise LeaseLost(f"generation {generation} no longer holds the lease of {self.pool}")
        self._notifier.announce()

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""
        row = self._row("current_lease")
        return None if row is None else _lease(row)


def _lease(row: tuple[Any, ...]) -> Lease:
    holder, generation, expires_at = row
    return Lease(holder=FrontEndName(holder), generation=Generation(generation), expires_at=Instant(expires_at))


__all__ = ["PostgresqlLeases"]
