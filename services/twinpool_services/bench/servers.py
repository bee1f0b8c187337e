"""The real servers of a bench: private ones in a directory that goes with them, or a broker that is given."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from twinpool.brokers.private_node import PrivateNode
from twinpool_services.lab import Display, PostgresqlCluster, StoreKind

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
}


class BenchServers:
    """A broker, a PostgreSQL server where one is needed, and a directory for everything else."""

    def __init__(self, directory: Path, broker_url: str, cluster: PostgresqlCluster | None) -> None:
        """Know them; they run."""
        self.directory, self.broker_url, self._cluster = directory, broker_url, cluster
        self._made = 0

    @property
    def cluster(self) -> PostgresqlCluster:
        """The PostgreSQL server; asked for only where one was started."""
        assert self._cluster is not None, "no PostgreSQL was asked for"  # noqa: S101
        return self._cluster

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


@contextmanager
def bench_servers(shown: Display, *, postgresql: bool) -> Iterator[BenchServers]:
    """Start what is needed, and stop and erase it in the end. Raises `BrokerUnreachable`, `StoreUnavailable`."""
    directory = Path(tempfile.mkdtemp(prefix="twinpool-bench-"))
    with ExitStack() as undoing:
        undoing.callback(shutil.rmtree, directory, ignore_errors=True)
        broker_url = os.environ.get(BROKER_VARIABLE)
        if not broker_url:
            node = PrivateNode(directory / "rabbitmq", settings={"default_vhost": VIRTUAL_HOST})
            undoing.callback(node.kill)
            with shown.step("RabbitMQ"):
                node.start()
            broker_url = node.url(VIRTUAL_HOST)
        cluster = None
        if postgresql:
            cluster = PostgresqlCluster(directory / "postgresql", settings=POSTGRESQL_SETTINGS)
            undoing.callback(cluster.erase)
            undoing.callback(cluster.stop, at_once=True)
            with shown.step("PostgreSQL"):
                cluster.start()
        yield BenchServers(directory, broker_url, cluster)
