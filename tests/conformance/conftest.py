"""The same tests for every store: in memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.conformance.backends import Backend, MemoryBackend, PostgresqlBackend, SqliteBackend, Stores
from tests.conformance.streams import FOR_LONG, PARTNER, POOL
from tests.servers import PostgresqlServer, postgresql_server
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgresqlServer) -> Iterator[str]:
    name = postgresql.create()
    open_store(postgresql.url(name), POOL).close()
    yield name
    postgresql.drop(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "store.db"
    open_store(f"sqlite:///{path}", POOL).close()
    return path


SHARED = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@contextmanager
def stores_of(kind: str, directory: Path, request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Provide stores of one kind for one test; a server is only asked for by those that need it."""
    with ExitStack() as cleanup:
        backend: Backend
        match kind:
            case "memory":
                backend = MemoryBackend()
            case "sqlite":
                backend = SqliteBackend(directory, request.getfixturevalue("sqlite_template"))
            case _:
                server = request.getfixturevalue("postgresql")
                backend = PostgresqlBackend(server, request.getfixturevalue("postgresql_template"), cleanup)
        yield Stores(backend, cleanup)


@pytest.fixture(params=["memory", *SHARED])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Stores of each kind."""
    with stores_of(request.param, tmp_path, request) as provided:
        yield provided


@pytest.fixture(params=SHARED)
def shared_stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    """Stores of the kinds that several processes share."""
    with stores_of(request.param, tmp_path, request) as provided:
        yield provided


@pytest.fixture
def store(stores: Stores) -> Store:
    """The store of a pool that serves its own home."""
    return stores.open(POOL)


@pytest.fixture
def replica(stores: Stores) -> Store:
    """The store of its partner."""
    return stores.open(PARTNER)


@pytest.fixture
def lease(store: Store) -> Lease:
    return store.acquire_lease(FrontEndName("fe1"), FOR_LONG)


@pytest.fixture
def generation(lease: Lease) -> Generation:
    return lease.generation
