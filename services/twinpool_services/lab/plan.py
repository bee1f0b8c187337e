"""What a lab consists of, and the deployment file that says so."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from twinpool.brokers.free_ports import LOOPBACK, free_ports
from twinpool.errors import InvalidParameter
from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool.vocabulary.security import Signatures
from twinpool_services.lab.certificates import pki_lines
from twinpool_services.lab.keys import key_lines
from twinpool_services.lab.surroundings import UNDISTURBED, Surroundings

MOST_POOLS = 20
MOST_FRONT_ENDS = 10  #: of one pool


MOST_BROKER_NODES = 7


class Network(enum.StrEnum):
    """How the processes of a lab reach each other."""

    LOOPBACK = "loopback"  #: all on 127.0.0.1
    NAMESPACES = "namespaces"  #: each pool and the broker in a network namespace of their own; takes root


class StoreKind(enum.StrEnum):
    """Where the pools of a lab keep their stores."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabPlan:
    """How many of what; names follow from it."""

    pools: int = 2  #: paired two by two; an odd last one stays without a backup pool
    front_ends: int = 2  #: of each pool
    store: StoreKind = StoreKind.SQLITE
    broker_url: str | None = None  #: a broker that is given; None for a private node of the lab's own
    broker_nodes: int = 1  #: of the private broker; quorum queues have members on three of them
    network: Network = Network.LOOPBACK
    tls: bool = False  #: HTTPS and amqps, and everybody shows a certificate of the lab's own CA
    lease_duration: str = "00:00:05"
    heartbeat: str | None = None  #: of the broker's connections; None: as usual
    options: Mapping[str, str] = field(default_factory=dict)  #: further keys of the file's [deployment] table

    def __post_init__(self) -> None:
        """Refuse what no lab can have."""
        if not 1 <= self.pools <= MOST_POOLS:
            raise InvalidParameter(f"a lab has 1 to {MOST_POOLS} pools", field="pools")
        if not 1 <= self.front_ends <= MOST_FRONT_ENDS:
            raise InvalidParameter(f"a pool has 1 to {MOST_FRONT_ENDS} front ends", field="front-ends")
        if not 1 <= self.broker_nodes <= MOST_BROKER_NODES:
            raise InvalidParameter(f"a broker has 1 to {MOST_BROKER_NODES} nodes", field="broker-nodes")
        if self.broker_url is not None and (self.broker_nodes > 1 or self.network is Network.NAMESPACES):
            raise InvalidParameter("a broker that is given cannot be made into another", field="broker")
        if self.broker_url is not None and self.tls:
            raise InvalidParameter("a lab with certificates has a broker of its own, for that shows one", field="tls")

    @property
    def pool_names(self) -> tuple[PoolFqdn, ...]:
        """The pools: pool1.lab, pool2.lab and so on."""
        return tuple(PoolFqdn(f"pool{number}.lab") for number in range(1, self.pools + 1))

    def front_end_names(self, pool: PoolFqdn) -> tuple[FrontEndName, ...]:
        """Name the front ends of a pool: fe1.pool1.lab and so on."""
        return tuple(FrontEndName(f"fe{number}.{pool}") for number in range(1, self.front_ends + 1))

    @property
    def pairs(self) -> tuple[tuple[PoolFqdn, PoolFqdn], ...]:
        """Who backs up whom."""
        names = self.pool_names
        return tuple(zip(names[::2], names[1::2], strict=False))

    def to_plain(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Read what `to_plain` wrote."""
        network = Network(plain.get("network", Network.LOOPBACK))
        return cls(**{**plain, "store": StoreKind(plain["store"]), "network": network})


def deployment_text(
    plan: LabPlan,
    broker_url: str,
    stores: Mapping[PoolFqdn, str],
    surroundings: Surroundings = UNDISTURBED,
    hosts: Mapping[PoolFqdn, str] | None = None,
) -> str:
    """Write the deployment file of a lab, with a free port for each front end.

    `hosts` are the addresses that pools listen on, where that is not 127.0.0.1.
    """
    ports = iter(free_ports(plan.pools * plan.front_ends))
    lines = [
        "# The deployment of a lab, made by `twinpool lab up`.",
        "",
        "[deployment]",
        'name = "lab"',
        f"cms_master = {_quoted(plan.pool_names[0])}",
        f"lease_duration = {_quoted(plan.lease_duration)}",
        *(f"{name} = {_quoted(value)}" for name, value in plan.options.items()),
        "",
        "[broker]",
        f"url = {_quoted(broker_url)}",
        *([f"heartbeat = {_quoted(plan.heartbeat)}"] if plan.heartbeat else []),
        "",
        "[security]",
        "open_docs = true",
        f"signatures = {_quoted(Signatures.REQUIRED)}",
        *pki_lines(tls=plan.tls),
    ]
    for pool in plan.pool_names:
        store = surroundings.store_url(pool, stores[pool])
        lines += ["", "[[pool]]", f"fqdn = {_quoted(pool)}", f"store = {_quoted(store)}"]
        if (reached := surroundings.broker_url(pool, broker_url)) != broker_url:
            lines.append(f"broker_url = {_quoted(reached)}")
        lines += key_lines(pool, broker_password=plan.broker_url is None and not plan.tls)
        lines += [f"content = {_quoted(f'{pool}.content')}", "front_ends = ["]
        for name in plan.front_end_names(pool):
            lines.append(_front_end(name, f"{(hosts or {}).get(pool, LOOPBACK)}:{next(ports)}", surroundings))
        lines.append("]")
    for pair in plan.pairs:
        lines += ["", "[[pair]]", f"pools = [{', '.join(map(_quoted, pair))}]"]
    return "\n".join(lines) + "\n"


def _front_end(name: FrontEndName, listen: str, surroundings: Surroundings) -> str:
    address = surroundings.address(name, listen)
    reached = f", address = {_quoted(address)}" if address else ""
    return f"    {{ name = {_quoted(name)}, listen = {_quoted(listen)}{reached} }},"


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
