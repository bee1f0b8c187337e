"""Where the stores of a test come from."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from twinpool.stores.memory import MemoryStore

from tests.conformance.streams import POOL
from tests.servers import PostgresqlServer
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.names import PoolFqdn


class Backend(Protocol):
    """One kind of store, and the places where a test may have some."""

    def open(self, pool: PoolFqdn) -> Store:
        """Open the store of a pool; the second time as another front end of the same pool does."""

    def url(self, pool: PoolFqdn) -> str:
        """Return the URL of a pool's store, for other processes."""


class MemoryBackend:
    def __init__(self) -> None:
        self._stores: dict[PoolFqdn, MemoryStore] = {}

    def open(self, pool: PoolFqdn) -> Store:
        return self._stores.setdefault(pool, MemoryStore(pool))

    def url(self, pool: PoolFqdn) -> str:  # noqa: ARG002 - the protocol's form
        pytest.skip("a store in memory belongs to one process")


class SqliteBackend:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open(self, pool: PoolFqdn) -> Store:
        return open_store(self.url(pool), pool)

    def url(self, pool: PoolFqdn) -> str:
        return f"sqlite:///{self._directory / pool}.db"


class PostgresqlBackend:
    def __init__(self, server: PostgresqlServer, template: str, cleanup: ExitStack) -> None:
        self._server, self._template, self._cleanup = server, template, cleanup
        self._databases: dict[PoolFqdn, str] = {}

    def open(self, pool: PoolFqdn) -> Store:
        return open_store(self.url(pool), pool)

    def url(self, pool: PoolFqdn) -> str:
        if pool not in self._databases:
            self._databases[pool] = self._server.create(template=self._template)
            self._cleanup.callback(self._server.drop, self._databases[pool])
        return self._server.url(self._databases[pool])


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
        """Return the URL of a pool's store, for other processes; skips for a store that has none."""
        return self._backend.url(pool)
