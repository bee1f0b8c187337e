"""A throw-away copy of a pool store, whatever keeps it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from twinpool.errors import Refused
from twinpool.ports.store import Store
from twinpool.vocabulary.names import PoolFqdn


class CopyInUse(Refused):
    """One throw-away copy of a store at a time."""

    hint = "Wait until the other drill is over."


def throw_away_copy(url: str, pool: PoolFqdn) -> AbstractContextManager[Store]:
    """Lend a copy of one moment of the store that a URL names; it is gone afterwards, and so are those of a crash.

    The store itself is only read, and its writers go on. Raises `CopyInUse`, `StoreUnavailable`.
    """
    if url.startswith("sqlite:"):
        from twinpool.stores.sqlite.copying import throw_away_copy as of_file

        return of_file(Path(unquote(urlsplit(url).path).removeprefix("/")), pool)
    from twinpool.stores.postgresql.copying import throw_away_copy as of_database

    return of_database(url, pool)


__all__ = ["CopyInUse", "throw_away_copy"]
