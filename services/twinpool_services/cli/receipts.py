"""Asks both pools what a receipt is put together from, and finds the operations that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinpool.errors import NotFound, PoolUnreachable, Transient
from twinpool_services.cli.client import Client
from twinpool_services.cli.listing import all_of, find_at
from twinpool_services.cli.orphan_walk import Selection, walk
from twinpool_services.moving import ReadBack, assemble, requested_at

Document = Mapping[str, Any]


def receipt_of(client: Client, operation: Document) -> Document:
    """Read both pools back, and put the receipt of an operation together."""
    return assemble(operation, read_back(client, operation))


def read_back(client: Client, operation: Document) -> ReadBack:
    """Ask both pools. Raises nothing for one that does not answer."""
    silent: dict[str, str] = {}

    def standing(pool: str) -> Document | None:
        try:
            return client.standing(pool, operation["Home"])
        except Transient as error:
            silent[pool] = str(error)
            return None

    target, source = standing(operation["TargetPoolFqdn"]), standing(operation["SourcePoolFqdn"])
    orphans: Sequence[Document] | None = None
    if source is not None:
        try:
            orphans = _orphans(client, operation) if source["Orphans"] else ()
        except Transient as error:
            silent[operation["SourcePoolFqdn"]] = str(error)
    return ReadBack(target=target, source=source, orphans=orphans, silent=silent)


# ── finding them ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Found:
    """Operations of some pools, newest first, and who could not be asked."""

    operations: list[Document] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)


def operations_at(client: Client, pools: Iterable[str], home: str = "") -> Found:
    """Ask pools for all operations. Raises `PoolUnreachable` if none of them answers."""
    found, answered = Found(), False
    for pool in pools:
        try:
            found.operations += _all_of(client, pool, home)
            answered = True
        except Transient as error:
            found.silent[pool] = str(error)
    if not answered:
        raise PoolUnreachable("; ".join(found.silent.values()))
    found.operations.sort(key=requested_at, reverse=True)
    return found


def find_operation(client: Client, identity: str) -> Document:
    """Find an operation by its name at any pool. Raises `NotFound`, or `PoolUnreachable` if a silent one may know."""
    pools = [pool.fqdn for pool in client.deployment.pools]
    return find_at(pools, lambda pool: client.failover(pool, identity), f"a failover {identity!r:.60}")


def newest_of_home(client: Client, home: str, pools: Iterable[str]) -> Document:
    """Return the newest operation of a home. Raises `NotFound`, `PoolUnreachable`."""
    found = operations_at(client, pools, home)
    if found.operations:
        return found.operations[0]
    if found.silent:
        raise PoolUnreachable(f"no failover of {home} is known, but {'; '.join(found.silent.values())}")
    raise NotFound(f"{home} has never been failed over")


def _all_of(client: Client, pool: str, home: str) -> list[Document]:
    return all_of(pool, client.failovers, "Failovers", {"home": home} if home else {})


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _orphans(client: Client, operation: Document) -> list[Document]:
    """Those that this very failover made: what the source had accepted in the term before."""
    found = walk(client, operation["SourcePoolFqdn"], Selection(home=operation["Home"]), after=0, limit=0)
    return [row for row in found.orphans if row["Term"] == operation["Term"] - 1]
