"""The lease that makes one front end the active one, by the clock of the host that they all run on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from twinpool.errors import LeaseTaken
from twinpool.stores.sqlite.ground import Ground
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Instant


class SqliteLeases(Ground):
    """The lease row. The clock is read inside the transaction, for its beginning may have waited."""

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease with a higher generation; see `Leases.acquire_lease`."""
        with self._connections.writing() as connection:
            now = self.now()
            found = connection.execute(SQL["lock_lease"], {"now": now}).fetchone()
            if found is not None and found[3] > 0 and found[0] != holder:
                raise LeaseTaken(found[0], found[3])
            wanted = {"holder": holder, "seconds": duration.total_seconds(), "now": now}
            name = "first_lease" if found is None else "take_lease"
            (taken,) = connection.execute(SQL[name], wanted).fetchall()
        self._sweeper.sweep_soon()  # what a crash may have left
        return _lease(taken)

    def renew_lease(self, lease: Lease, duration: timedelta) -> Lease:
        """Extend the lease from now. Raises `LeaseLost` once another generation exists."""
        with self._fenced(lease.generation) as connection:
            wanted = {"generation": lease.generation, "seconds": duration.total_seconds(), "now": self.now()}
            (renewed,) = connection.execute(SQL["renew_lease"], wanted).fetchall()
        return _lease(renewed)

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back so that another may take it at once; does nothing if it was overtaken."""
        with self._connections.writing() as connection:
            connection.execute(SQL["release_lease"], {"generation": lease.generation, "now": self.now()})

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Have the next generation be above `at_least`; see `Leases.raise_generation`."""
        with self._fenced(generation) as connection:
            connection.execute(SQL["raise_generation"], {"at_least": at_least, "now": self.now()})

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""
        row = self._row("current_lease", {"now": self.now()})
        return None if row is None else _lease(row)


def _lease(row: tuple[Any, ...]) -> Lease:
    holder, generation, expires_at = row
    return Lease(holder=FrontEndName(holder), generation=Generation(generation), expires_at=Instant(expires_at))


__all__ = ["SqliteLeases"]
