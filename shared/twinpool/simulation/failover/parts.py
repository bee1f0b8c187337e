"""Who plays, and what they share: the parts that planted faults replace, and the names of the one home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twinpool.failover.coordinating import Coordinating
from twinpool.failover.quiescing import Quiescing
from twinpool.failover.rejoining import Rejoining
from twinpool.failover.repairing import Repairing
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Stream

P1, P2 = PoolFqdn("p1.sim"), PoolFqdn("p2.sim")
HOME = Home(P1)
MODULES = (ModuleName("Simulated.A"), ModuleName("Simulated.B"))
STREAMS = tuple(Stream(HOME, module) for module in MODULES)
PARTNER = {P1: P2, P2: P1}


class Crashed(Exception):
    """A process ended here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The shipped machines, or some with a fault."""

    store: Callable[..., MemoryStore] = MemoryStore
    coordinating: type[Coordinating] = Coordinating
    quiescing: type[Quiescing] = Quiescing
    rejoining: type[Rejoining] = Rejoining
    repairing: type[Repairing] = Repairing


__all__ = ["HOME", "MODULES", "P1", "P2", "PARTNER", "STREAMS", "Cast", "Crashed"]
