"""Who serves what, and the fence of writers."""

from __future__ import annotations

from twinpool.errors import NotFound
from twinpool.stores.sqlite.ground import Ground
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_text
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home


class SqliteHomes(Ground):
    """The homes that this pool knows."""

    def declare_home(self, status: HomeStatus) -> HomeStatus:
        """Note a home unless it is already known, and return what is known."""
        check_text(status.home, status.serving_pool)
        with self._connections.writing() as connection:
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
        return [
            HomeStatus(home=home, term=term, serving_pool=serving_pool, mode=Mode(mode))
            for home, term, serving_pool, mode in self._rows("homes")
        ]

    def set_mode(self, home: Home, mode: Mode, *, generation: Generation) -> None:
        """Make a home read-only or writable; see `Homes.set_mode`. Raises `NotFound`.

        Exact because writes read the mode under the write lock that this transaction needs, too.
        """
        with self._fenced(generation) as connection:
            changed = connection.execute(SQL["set_mode"], {"home": home, "mode": mode.value})
            if changed.rowcount == 0:
                raise NotFound(f"no home {home} is known")


__all__ = ["SqliteHomes"]
