"""What a lab consists of, and the deployment file that says so."""

from __future__ import annotations

import contextlib
import enum
import json
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.names import FrontEndName, PoolFqdn

LOOPBACK = "127.0.0.1"
MOST_POOLS = 20
MOST_FRONT_ENDS = 10  #: of one pool


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
    lease_duration: str = "00:00:05"

    def __post_init__(self) -> None:
        """Refuse what no lab can have."""
        if not 1 <= self.pools <= MOST_POOLS:
            raise InvalidParameter(f"a lab has 1 to {MOST_POOLS} pools", field="pools")
        if not 1 <= self.front_ends <= MOST_FRONT_ENDS:
            raise InvalidParameter(f"a pool has 1 to {MOST_FRONT_ENDS} front ends", field="front-ends")

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
        return cls(**{**plain, "store": StoreKind(plain["store"])})


def deployment_text(plan: LabPlan, broker_url: str, stores: Mapping[PoolFqdn, str]) -> str:
    """Write the deployment file of a lab, with a free port for each front end."""
    ports = iter(free_ports(plan.pools * plan.front_ends))
    lines = [
        "# The deployment of a lab, made by `twinpool lab up`.",
        "",
        "[deployment]",
        'name = "lab"',
        f"cms_master = {_quoted(plan.pool_names[0])}",
        f"lease_duration = {_quoted(plan.lease_duration)}",
        "",
        "[broker]",
        f"url = {_quoted(broker_url)}",
    ]
    for pool in plan.pool_names:
        lines += ["", "[[pool]]", f"fqdn = {_quoted(pool)}", f"store = {_quoted(stores[pool])}"]
        lines += [f"content = {_quoted(f'{pool}.content')}", "front_ends = ["]
        for name in plan.front_end_names(pool):
            lines.append(f"    {{ name = {_quoted(name)}, listen = {_quoted(f'{LOOPBACK}:{next(ports)}')} }},")
        lines.append("]")
    for pair in plan.pairs:
        lines += ["", "[[pair]]", f"pools = [{', '.join(map(_quoted, pair))}]"]
    return "\n".join(lines) + "\n"


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 on which nobody listens, each another."""
    with contextlib.ExitStack() as held:  # All at once, so that none is given out twice.
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _quoted(text: str) -> str:
    """Write a TOML string; JSON's are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False)
