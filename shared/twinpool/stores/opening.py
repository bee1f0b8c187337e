"""Opens the pool store that a URL names. Adapters are imported when asked for, because drivers are slow to load."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from twinpool.errors import InvalidConfiguration
from twinpool.ports.store import Store
from twinpool.vocabulary.names import PoolFqdn

FORMS = "sqlite:///relative/path, sqlite:////absolute/path or postgresql://user@host/database"


def open_store(url: str, pool: PoolFqdn) -> Store:
    """Open the store of a pool, made or migrated as needed.

    Raises `InvalidConfiguration` for a URL that names no store, and `StoreUnavailable`.
    """
    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        return _open_sqlite(url, pool)
    if scheme in {"postgresql", "postgres"}:
        return _open_postgresql(url, pool)
    raise InvalidConfiguration(f"a store's URL is {FORMS}", field="store")


def _open_sqlite(url: str, pool: PoolFqdn) -> Store:
    parts = urlsplit(url)
    path = unquote(parts.path).removeprefix("/")
    if parts.netloc or parts.query or parts.fragment or not path:
        raise InvalidConfiguration(f"{url} names no file; a store's URL is {FORMS}", field="store")
    from twinpool.stores.sqlite import SqliteStore

    return SqliteStore(Path(path), pool)


def _open_postgresql(url: str, pool: PoolFqdn) -> Store:
    from twinpool.stores.postgresql import PostgresqlStore
    from twinpool.stores.postgresql.schema import bring_up_to_date

    bring_up_to_date(url)
    return PostgresqlStore(url, pool)


__all__ = ["open_store"]
