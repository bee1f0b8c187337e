"""The broker and the stores' server of a lab: private ones in its directory, or a broker that is given."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from twinpool.brokers.administration import Rabbitmqctl
from twinpool.brokers.permissions import plan_users
from twinpool.brokers.private_address import HERE, Place
from twinpool.brokers.private_cluster import PrivateCluster
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq.removing import remove_topology
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.brokers.users import PasswordFiles, users_of
from twinpool.modules.registry import load_modules
from twinpool.vocabulary.addresses import without_credentials, without_password
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.lab.certificates import broker_certificate, node_tls
from twinpool_services.lab.namespaces import BROKER, Namespaces
from twinpool_services.lab.plan import LabPlan, Network, StoreKind
from twinpool_services.lab.postgresql_cluster import PostgresqlCluster

VIRTUAL_HOST = "lab"
POSTGRESQL = "postgresql"  #: directory of the stores' servers


class LabServers:
    """What the front ends of a lab need before they can work."""

    def __init__(self, directory: Path, plan: LabPlan) -> None:
        """Know the servers; none is started. Raises `BrokerUnreachable`, `StoreUnavailable` for damaged notes."""
        self._directory, self._plan = directory, plan
        self.namespaces = Namespaces(directory, plan.pool_names) if plan.network is Network.NAMESPACES else None
        self.broker = _private_broker(directory, plan, self._place_of(BROKER))
        self._clusters = _postgresql_clusters(directory, plan, self._place_of)

    @property
    def node(self) -> PrivateNode | None:
        """The broker's node, where it is a private one that has no others."""
        return self.broker if isinstance(self.broker, PrivateNode) else None

    @property
    def broker_nodes(self) -> tuple[PrivateNode, ...]:
        """All nodes of the broker that are ours."""
        if isinstance(self.broker, PrivateNode):
            return (self.broker,)
        return self.broker.nodes if self.broker is not None else ()

    @property
    def cluster(self) -> PostgresqlCluster | None:
        """The PostgreSQL that all pools share; None where each has its own, or none."""
        found = list(self._clusters.values())
        return found[0] if found and all(one is found[0] for one in found) else None

    def cluster_of(self, pool: PoolFqdn) -> PostgresqlCluster | None:
        """Return the PostgreSQL that keeps a pool's store, None if it is SQLite."""
        return self._clusters.get(pool)

    @property
    def broker_url(self) -> str:
        """Where the pools reach the broker; it may hold a password."""
        return self._plan.broker_url or (self.broker.url(VIRTUAL_HOST) if self.broker else "")

    @property
    def pools_url(self) -> str:
        """The broker for the deployment file: on a private one each pool logs in as its own user."""
        if self.broker is not None and self._plan.tls:
            return self.broker.amqps_url(VIRTUAL_HOST)
        return self.broker_url if self.broker is None else without_credentials(self.broker_url)

    @property
    def broker_shown(self) -> str:
        """Where the broker is, for people."""
        return self.pools_url if self._plan.tls else without_password(self.broker_url)

    def are_running(self) -> bool:
        """Say whether all that is ours runs."""
        ours = (self.broker, *self._clusters.values())
        return all(one.is_running() for one in ours if one is not None)

    def start_broker(self) -> str:
        """Start the private broker unless it runs; return what there is, for people."""
        if self.namespaces is not None:
            self.namespaces.up()
        if self.broker is not None:
            if self._plan.tls:
                broker_certificate(self._directory, self._place_of(BROKER).host)
            self.broker.start()
        return self.broker_shown

    def create_broker_users(self, deployment: Deployment, directory: Path) -> None:
        """Give each pool its own user of the private broker; a broker that is given is left as it is."""
        if not self.broker_nodes:
            return
        where, passwords = Rabbitmqctl(self.broker_nodes[0].ctl), PasswordFiles(directory, only_plan=False)
        password_of = (lambda _pool: None) if self._plan.tls else passwords  # Certificates say who calls.
        users = users_of(deployment, deployment.pools, load_modules().names, password_of)
        # Compared with nothing, for asking costs a second: what is there already is only set again.
        where.apply(plan_users(users, {}))

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
        if not self._clusters:
            return {pool: f"sqlite:///{pool}.db" for pool in self._plan.pool_names}
        self.start_stores()
        for pool, cluster in self._clusters.items():
            cluster.create_database(_database(pool))
        return {pool: cluster.url(_database(pool)) for pool, cluster in self._clusters.items()}

    def start_stores(self) -> None:
        """Start the servers of the stores unless they run."""
        for cluster in self._clusters.values():
            cluster.start()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop what is ours: in order, or as a power cut would."""
        for cluster in self._clusters.values():
            cluster.stop(at_once=at_once)
        if self.broker is not None:
            if at_once:
                self.broker.kill()
            else:
                self.broker.stop()
        if self.namespaces is not None:
            self.namespaces.down()

    def erase(self) -> None:
        """Delete what the servers keep; they must not run."""
        for cluster in self._clusters.values():
            cluster.erase()
        shutil.rmtree(self._directory / POSTGRESQL, ignore_errors=True)
        if self.broker is not None:
            shutil.rmtree(self.broker.directory, ignore_errors=True)

    def _place_of(self, who: str) -> Place:
        if self.namespaces is None:
            return HERE
        return Place(host=self.namespaces.address(who), command=self.namespaces.command(who))


def _private_broker(directory: Path, plan: LabPlan, place: Place) -> PrivateNode | PrivateCluster | None:
    if plan.broker_url is not None:
        return None
    settings, tls = {"default_vhost": VIRTUAL_HOST}, node_tls(directory) if plan.tls else None
    if plan.broker_nodes > 1:
        return PrivateCluster(directory / "rabbitmq", plan.broker_nodes, settings=settings, place=place, tls=tls)
    return PrivateNode(directory / "rabbitmq", settings=settings, place=place, tls=tls)


def _postgresql_clusters(
    directory: Path, plan: LabPlan, place_of: Callable[[str], Place]
) -> Mapping[PoolFqdn, PostgresqlCluster]:
    """Return one for all pools, or one for each where each has a network of its own."""
    if plan.store is not StoreKind.POSTGRESQL:
        return {}
    if plan.network is Network.LOOPBACK:
        return dict.fromkeys(plan.pool_names, PostgresqlCluster(directory / POSTGRESQL))
    return {pool: PostgresqlCluster(directory / POSTGRESQL / pool, place=place_of(pool)) for pool in plan.pool_names}


def _database(pool: PoolFqdn) -> str:
    return pool.replace(".", "_")
