"""Where a private RabbitMQ node listens, and what it shares with the other nodes of its cluster."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twinpool.brokers.free_ports import LOOPBACK, free_ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a node listens and who may log in; chosen once for a directory, so that URLs outlive a restart."""

    amqp: int  #: port of AMQP
    http: int  #: port of the management plugin, where that is enabled
    distribution: int  #: port of Erlang's distribution
    mapper: int  #: port of Erlang's port mapper
    password: str
    user: str = "twinpool"
    amqps: int = 0  #: port of AMQP over TLS, where the node has a certificate

    @property
    def node(self) -> str:
        """Name of the Erlang node."""
        return f"twinpool-{self.amqp}@localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What makes a node one of a cluster; the same for all of them, but for the address."""

    address: Address
    cookie: str  #: whoever has it commands the nodes
    peers: tuple[str, ...]  #: names of all nodes

    @property
    def settings(self) -> Mapping[str, str]:
        """What the node's configuration says of the others."""
        named = {f"cluster_formation.classic_config.nodes.{at}": peer for at, peer in enumerate(self.peers, start=1)}
        return {
            "cluster_formation.peer_discovery_backend": "classic_config",
            # Of two parts the smaller one stands still, so that what it holds cannot come to differ.
            "cluster_partition_handling": "pause_minority",
            **named,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTls:
    """With what a node serves amqps. Callers have to show a certificate of the CA, and are known by its common name."""

    ca: Path
    certificate: Path
    key: Path

    @property
    def plugins(self) -> tuple[str, ...]:
        """What the node has to be able to do."""
        return ("rabbitmq_auth_mechanism_ssl",)

    def settings(self, host: str, port: int) -> Mapping[str, str]:
        """What the node's configuration says of it."""
        return {
            "listeners.ssl.1": f"{host}:{port}",
            "ssl_options.cacertfile": str(self.ca),
            "ssl_options.certfile": str(self.certificate),
            "ssl_options.keyfile": str(self.key),
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
            "ssl_cert_login_from": "common_name",
            "auth_mechanisms.1": "PLAIN",
            "auth_mechanisms.2": "EXTERNAL",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the processes of a private server run and listen."""

    host: str = LOOPBACK
    command: tuple[str, ...] = ()  #: in front of every command: what enters a network namespace


HERE = Place()


def new_address(*, mapper: int | None = None, password: str | None = None) -> Address:
    """Choose free ports and a password; the port mapper's is given where it serves other nodes as well."""
    amqp, http, distribution, own_mapper, amqps = free_ports(5)
    return Address(
        amqp=amqp,
        http=http,
        distribution=distribution,
        mapper=mapper or own_mapper,
        password=password or secrets.token_urlsafe(18),
        amqps=amqps,
    )
