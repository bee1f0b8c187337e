"""Declares the queues of pools before they start, as they are where pools have run before."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import Topology
from twinpool.ports.broker import Delivery, Outcome
from twinpool_services.bench.failing import BenchFailed

DECLARE_SECONDS = 30.0


class _Declared:
    """Waits until a link is up, which is when everything is declared."""

    def __init__(self) -> None:
        self.up = threading.Event()

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, reason: str) -> None: ...

    def link_blocked(self, reason: str | None) -> None: ...

    def delivered(self, delivery: Delivery) -> None: ...

    def settled(self, token: int, outcome: Outcome) -> None: ...


def declare(url: str, topologies: Iterable[Topology]) -> None:
    """Declare what pools declare. Raises `BenchFailed` if the broker does not answer."""
    for topology in topologies:
        link, listener = RabbitmqLink(url, topology), _Declared()
        try:
            link.start(listener)
            if not listener.up.wait(DECLARE_SECONDS):
                raise BenchFailed(f"the queues of {topology.pool} cannot be declared on the broker")
        finally:
            link.close()
