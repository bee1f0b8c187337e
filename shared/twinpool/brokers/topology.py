"""How exchanges, queues and routing keys are named (design §5).

`from.<pool>` is a direct exchange that its pool alone writes to. `to.<pool>.<module>` and `to.<pool>.control` are
quorum queues with a single active consumer, bound to the exchanges of the pools that may speak to this one. The
routing key is the queue's name without `to.`, so that what is meant for one pool never reaches another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twinpool.vocabulary.names import ModuleName, PoolFqdn

CONTROL = "control"  #: takes the place of a module's name for the messages that are not batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What one pool declares and consumes."""

    pool: PoolFqdn
    speakers: tuple[PoolFqdn, ...]  #: pools that may speak to this one
    subjects: tuple[str, ...]  #: names of modules, and `CONTROL`


def topology_of(pool: PoolFqdn, pools: Iterable[PoolFqdn], modules: Iterable[ModuleName]) -> Topology:
    """Return what a pool of a deployment declares and consumes; all others may speak to it, of the CMS at least."""
    return Topology(pool=pool, speakers=tuple(each for each in pools if each != pool), subjects=(CONTROL, *modules))


def exchange_from(pool: PoolFqdn) -> str:
    """Name the exchange that a pool writes to."""
    return f"from.{pool}"


def queue_to(pool: PoolFqdn, subject: ModuleName | str) -> str:
    """Name the queue that a pool reads a subject from."""
    return f"to.{pool}.{subject}"


def routing_key(destination: PoolFqdn, subject: ModuleName | str) -> str:
    """Name the way to that queue."""
    return f"{destination}.{subject}"


def quarantine_of(pool: PoolFqdn) -> str:
    """Name the queue that keeps what a pool could not understand."""
    return f"quarantine.{pool}"


def queues(topology: Topology) -> Iterable[str]:
    """Name all queues that a pool consumes."""
    return (queue_to(topology.pool, subject) for subject in topology.subjects)
