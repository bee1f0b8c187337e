"""Who serves what, and the fence of writers."""

from __future__ import annotations

from typing import Any

from twinpool.errors import NotFound
from twinpool.stores.postgresql.ground import Ground, lock_number
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.text import check_text
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home


class PostgresqlHomes(Ground):
    """The homes that this pool knows."""

    def declare_home(self, status: HomeStatus) -> HomeStatus:
        """Note a home unless it is already known, and return what is known."""
        check_text(status.home, status.serving_pool)
        with self._connections.session() as connection:
            connection.execute(
                SQL["declare_home"],
                {
                    "home": status.home,
                    "term": status.term,
                    "serving_pool": status.serving_pool,
                    "mode": status.mode.value,
                },
            )
        return next(known for known in self.homes() if known.home == status.home)

    def homes(self) -> list[HomeStatus]:
        """Return all homes that are known, in order of their names."""
        return [_status(row) for row in self._rows("homes")]

    def set_mode(self, home: Home, mode: Mode, *, generation: Generation) -> None:
        """Make a home read-only or writable; see `Homes.set_mode`.

        Every writer holds the home's lock shared until it has committed, so once the lock is ours alone, no write
        under the old mode is under way, and those that come wait until the new mode is durable.
        """
        check_text(home)
        seize = ("seize_home", {"lock": lock_number("home", home)})
        change = ("set_mode", {"home": home, "mode": mode.value})
        with self._fenced(generation, seize, change) as transaction:
            _, changed = transaction.begun
        if not changed:
            raise NotFound(f"no home {home} is known")


def _status(row: tuple[Any, ...]) -> HomeStatus:
    home, term, serving_pool, mode = row
    return HomeStatus(home=home, term=term, serving_pool=serving_pool, mode=Mode(mode))


__all__ = ["PostgresqlHomes"]
