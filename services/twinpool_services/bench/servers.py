"""The real servers of a bench: private ones in a directory that goes with them, or a broker that is given."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq.removing import remove_topology
from twinpool.brokers.rabbitmq_installation import find_installation
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.modules.registry import load_modules
from twinpool_services.bench.bench_pools import PARTNER, SOURCE
from twinpool_services.bench.declaring import declare
from twinpool_services.lab import Display, PostgresqlCluster, StoreKind, uninterrupted
from twinpool_services.measuring.process_cost import tree_cpu_seconds

BROKER_VARIABLE = "TWINPOOL_BROKER_URL"
VIRTUAL_HOST = "bench"

#: What logical replication needs, the same for every contender. Nothing that makes a commit less durable.
POSTGRESQL_SETTINGS: Mapping[str, str] = {
    "wal_level": "logical",
    "max_wal_senders": "10",
    "max_replication_slots": "10",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    # A subscription would else be left waiting for up to 5 s after another one was started.
    "wal_retrieve_retry_interval": "100ms",
}


class BenchServers:
    """A broker, a PostgreSQL server where one is needed, and a directory for everything else."""

    def __init__(
        self, directory: Path, broker_url: str, cluster: PostgresqlCluster | None, node: PrivateNode | None = None
    ) -> None:
        """Know them; they run. `node` is none where the broker is given."""
        self.directory, self.broker_url, self._cluster, self._node = directory, broker_url, cluster, node
        self._made = 0

    @property
    def cluster(self) -> PostgresqlCluster:
        """The PostgreSQL server; asked for only where one was started."""
        assert self._cluster is not None, "no PostgreSQL was asked for"  # noqa: S101
        return self._cluster

    def cpu_seconds(self) -> dict[str, float]:
        """Return what the servers have spent of the processor so far, by name."""
        pids = {"rabbitmq": self._node and self._node.pid, "postgresql": self._cluster and self._cluster.pid}
        return {f"{name}_cpu_s": tree_cpu_seconds(pid) for name, pid in pids.items() if pid}

    def versions(self) -> dict[str, str]:
        """Return the versions of the servers."""
        found = {"rabbitmq": _rabbitmq_version()} if self._node else {}
        if self._cluster is not None:
            with psycopg.connect(self._cluster.url("postgres")) as connection:
                found["postgresql"] = connection.info.parameter_status("server_version") or ""
        return found

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        self._made += 1
        name = f"bench_{self._made}"
        self.cluster.create_database(name)
        return self.cluster.url(name)

    def new_store(self, kind: StoreKind) -> str:
        """Return the URL of a pool store that does not exist yet, on durable storage."""
        if kind is StoreKind.POSTGRESQL:
            return self.new_database()
        self._made += 1
        return f"sqlite:///{self.directory}/bench_{self._made}.db"

    # ── stores, before and after a run ──────────────────────────────────────────────────────────────────────

    def settle(self, url: str) -> None:
        """Bring a store that was filled at a stroke to where its own upkeep brings it within a minute."""
        if path := _sqlite_file(url):
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        self.execute(url, "VACUUM (ANALYZE)")

    def rest(self) -> None:
        """Have everything written that is still to be written, so that no run pays for the one before."""
        if self._cluster is not None:
            self.execute(self._cluster.url("postgres"), "CHECKPOINT")
        os.sync()

    def copy_store(self, url: str) -> str:
        """Copy a store that nobody has open; return the URL of the copy."""
        if path := _sqlite_file(url):
            copy = self.new_store(StoreKind.SQLITE)
            shutil.copyfile(path, str(_sqlite_file(copy)))
            return copy
        self._made += 1
        name = f"bench_{self._made}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(
            self.cluster.url("postgres"), statement.format(sql.Identifier(name), sql.Identifier(_database(url)))
        )
        return self.cluster.url(name)

    def drop_store(self, url: str) -> None:
        """Delete a store or database."""
        if path := _sqlite_file(url):
            for one in path.parent.glob(f"{path.name}*"):
                shutil.rmtree(one) if one.is_dir() else one.unlink()
            return
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_database(url)))
        self.execute(self.cluster.url("postgres"), statement)

    def execute(self, url: str, statement: LiteralString | sql.Composed) -> None:
        """Execute a statement that stands outside of transactions."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def clear_broker(self) -> None:
        """Take away what a run left on the broker: new stores must not read old messages."""
        remove_topology(self.broker_url, _topologies())

    def prepare_broker(self) -> None:
        """Have the queues of both pools declared and empty, as where pools have long run."""
        self.clear_broker()
        declare(self.broker_url, _topologies())


@contextmanager
def bench_servers(shown: Display, *, postgresql: bool) -> Iterator[BenchServers]:
    """Start what is needed, and stop and erase it in the end. Raises `BrokerUnreachable`, `StoreUnavailable`."""
    directory = Path(tempfile.mkdtemp(prefix="twinpool-bench-"))
    with ExitStack() as undoing:
        undoing.callback(shutil.rmtree, directory, ignore_errors=True)
        broker_url, node = os.environ.get(BROKER_VARIABLE), None
        if not broker_url:
            node = PrivateNode(directory / "rabbitmq", settings={"default_vhost": VIRTUAL_HOST})
            undoing.callback(node.kill)
            with shown.step("RabbitMQ"):
                uninterrupted(node.start)
            broker_url = node.url(VIRTUAL_HOST)
        cluster = None
        if postgresql:
            cluster = PostgresqlCluster(directory / "postgresql", settings=POSTGRESQL_SETTINGS)
            undoing.callback(cluster.erase)
            undoing.callback(cluster.stop, at_once=True)
            with shown.step("PostgreSQL"):
                uninterrupted(cluster.start)
        yield BenchServers(directory, broker_url, cluster, node)


def _rabbitmq_version() -> str:
    """Read the version from where the programs lie."""
    program = find_installation().server.resolve()
    nearby = [program, *program.parent.parent.glob("lib/rabbitmq_server-*")]
    found = [match[1] for path in nearby if (match := re.search(r"rabbitmq_server-([0-9.]+)", str(path)))]
    return found[-1] if found else "unknown"


def _topologies() -> list[Topology]:
    subjects = (CONTROL, *load_modules().names)
    pairs = ((SOURCE, PARTNER), (PARTNER, SOURCE))
    return [Topology(pool=pool, speakers=(other,), subjects=subjects) for pool, other in pairs]


def _sqlite_file(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _database(url: str) -> str:
    return re.sub(r".*/", "", url)
