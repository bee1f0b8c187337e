"""All checks there are. A check is a function from what was seen to findings; it says when all is well, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twinpool_services.doctor.checks import access, brokers, clocks, machines, pools, stores, versions
from twinpool_services.doctor.finding import Finding
from twinpool_services.doctor.gathering import Seen

Check = Callable[[Seen], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A check and its name."""

    name: str
    look: Check


CHECKS: tuple[Registered, ...] = (
    Registered("front-ends", pools.front_ends),
    Registered("lease", pools.lease),
    Registered("serving", pools.serving),
    Registered("replication", pools.replication),
    Registered("pairing", pools.pairing),
    Registered("configuration", pools.configuration),
    Registered("orphans", pools.orphans),
    Registered("principals", access.principals),
    Registered("versions", versions.twinpool),
    Registered("packages", versions.packages),
    Registered("clocks", clocks.clocks),
    Registered("broker", brokers.reachable),
    Registered("queues", brokers.queues),
    Registered("quarantine", brokers.quarantine),
    Registered("store", stores.usable),
    Registered("schema", stores.schema),
    Registered("durability", stores.durability),
    Registered("disk", machines.disk),
    Registered("certificates", machines.certificates),
)
