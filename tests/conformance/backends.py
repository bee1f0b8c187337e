"""Where the stores of a test come from."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.conformance.streams import POOL
from tests.servers import PostgresqlServer
from twinpool.ports.store import Store
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.vocabulary.names import PoolFqdn


class Backend(Protocol):
    """One kind of store, and the places where a test may have some."""

    def open(self, pool: PoolFqdn) -> Store:
        """Open the store of a pool; the second time as another front end of the same pool does."""

    def url(self, pool: PoolFqdn) -> str:
        """Return the URL of a pool's store, for other processes."""

    def new_url(self, pool: PoolFqdn) -> str:
        """Return the URL of a store that nobody has opened yet."""


class MemoryBackend:
    """Stores in memory: front ends of a pool share one object, and other processes none."""

    def __init__(self) -> None:
        self._stores: dict[PoolFqdn, MemoryStore] = {}

    def open(self, pool: PoolFqdn) -> Store:
        return self._stores.setdefault(pool, MemoryStore(pool))

    def url(self, pool: PoolFqdn) -> str:
        raise NotImplementedError(f"the store of {pool} belongs to this process; ask for `shared_stores`")

    def new_url(self, pool: PoolFqdn) -> str:
        return self.url(pool)


class SqliteBackend:
    """Files in a directory, each a copy of a template."""

    def __init__(self, directory: Path, template: Path) -> None:
        self._directory, self._template = directory, template

    def open(self, pool: PoolFqdn) -> Store:
        return open_store(self.url(pool), pool)

    def url(self, pool: PoolFqdn) -> str:
        path = self._directory / f"{pool}.db"
        if not path.exists():
            shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def new_url(self, pool: PoolFqdn) -> str:
        return f"sqlite:///{self._directory}/new/{pool}.db"


class PostgresqlBackend:
    """Databases of a server, each a copy of a template."""

    def __init__(self, server: PostgresqlServer, template: str, cleanup: ExitStack) -> None:
        self._server, self._template, self._cleanup = server, template, cleanup
        self._databases: dict[PoolFqdn, str] = {}

    def open(self, pool: PoolFqdn) -> Store:
        return open_store(self.url(pool), pool)

    def url(self, pool: PoolFqdn) -> str:
        if pool not in self._databases:
            self._databases[pool] = self._create(self._template)
        return self._server.url(self._databases[pool])

    def new_url(self, pool: PoolFqdn) -> str:  # noqa: ARG002 - each call makes a database of its own
        return self._server.url(self._create(None))

    def _create(self, template: str | None) -> str:
        name = self._server.create(template=template)
        self._cleanup.callback(self._server.drop, name)
        return name


class Stores:
    """Opens stores and closes them when the test is over."""

    def __init__(self, backend: Backend, cleanup: ExitStack) -> None:
        self._backend, self._cleanup = backend, cleanup

    def open(self, pool: PoolFqdn = POOL) -> Store:
        """Open the store of a pool; the second time as another front end of the same pool does."""
        store = self._backend.open(pool)
        self._cleanup.callback(store.close)
        return store

    def url(self, pool: PoolFqdn = POOL) -> str:
        """Return the URL of a pool's store, for other processes."""
        return self._backend.url(pool)

    def new_url(self, pool: PoolFqdn = POOL) -> str:
        """Return the URL of a store that nobody has opened yet."""
        return self._backend.new_url(pool)
