"""The broker and the stores' server of a lab: private ones in its directory, or a broker that is given."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq.removing import remove_topology
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.addresses import without_password
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.plan import LabPlan, StoreKind
from twinpool_services.lab.postgresql_cluster import PostgresqlCluster

VIRTUAL_HOST = "lab"


class LabServers:
    """What the front ends of a lab need before they can work."""

    def __init__(self, directory: Path, plan: LabPlan) -> None:
        """Know the servers; none is started. Raises `BrokerUnreachable`, `StoreUnavailable` for damaged notes."""
        self._plan = plan
        self.node = None
        if plan.broker_url is None:
            self.node = PrivateNode(directory / "rabbitmq", settings={"default_vhost": VIRTUAL_HOST})
        self.cluster = PostgresqlCluster(directory / "postgresql") if plan.store is StoreKind.POSTGRESQL else None

    @property
    def broker_url(self) -> str:
        """Where the pools reach the broker; it may hold a password."""
        return self._plan.broker_url or (self.node.url(VIRTUAL_HOST) if self.node else "")

    @property
    def broker_shown(self) -> str:
        """Where the broker is, for people."""
        return without_password(self.broker_url)

    def are_running(self) -> bool:
        """Say whether all that is ours runs."""
        return all(one.is_running() for one in (self.node, self.cluster) if one is not None)

    def start_broker(self) -> str:
        """Start the private node unless it runs; return what there is, for people."""
        if self.node is not None:
            self.node.start()
        return self.broker_shown

    def clear_given_broker(self) -> None:
        """Take away what an earlier lab left on a given broker: new stores must not read old messages.

        Raises `TopologyInUse`, `BrokerUnreachable`.
        """
        if self._plan.broker_url is None:
            return
        subjects = (CONTROL, *load_modules().names)
        topologies = [Topology(pool=pool, speakers=(), subjects=subjects) for pool in self._plan.pool_names]
        remove_topology(self._plan.broker_url, topologies)

    def create_stores(self) -> Mapping[PoolFqdn, str]:
        """Return the URL of each pool's store; databases are created."""
        if self.cluster is None:
            return {pool: f"sqlite:///{pool}.db" for pool in self._plan.pool_names}
        self.cluster.start()
        for pool in self._plan.pool_names:
            self.cluster.create_database(_database(pool))
        return {pool: self.cluster.url(_database(pool)) for pool in self._plan.pool_names}

    def stop(self, *, at_once: bool = False) -> None:
        """Stop what is ours: in order, or as a power cut would."""
        if self.cluster is not None:
            self.cluster.stop(at_once=at_once)
        if self.node is not None:
            if at_once:
                self.node.kill()
            else:
                self.node.stop()

    def erase(self) -> None:
        """Delete what the servers keep; they must not run."""
        if self.cluster is not None:
            self.cluster.erase()
        if self.node is not None:
            shutil.rmtree(self.node.directory, ignore_errors=True)


def _database(pool: PoolFqdn) -> str:
    return pool.replace(".", "_")
