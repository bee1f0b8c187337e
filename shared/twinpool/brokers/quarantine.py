"""How a message that a pool could not understand is kept: as it came, with a note beside it."""

from __future__ import annotations

from twinpool.brokers.topology import quarantine_of
from twinpool.ports.broker import Delivery, Letter
from twinpool.vocabulary.names import PoolFqdn

REASON = "x-twinpool-reason"  #: header: why it was put aside
QUEUE = "x-twinpool-queue"  #: header: the queue that it came in
HEADERS = "x-twinpool-headers"  #: header: what its sender wrote there, as text

LONGEST_REASON = 1_000  #: characters
LONGEST_HEADERS = 8_000  #: characters; all headers of a message must fit into one frame


def copy_for_quarantine(pool: PoolFqdn, delivery: Delivery, reason: str) -> Letter:
    """Make the copy, which the pool publishes to its own exchange."""
    return Letter(
        routing_key=quarantine_of(pool),
        content_type=delivery.content_type[:200],
        headers={
            REASON: reason[:LONGEST_REASON],
            QUEUE: delivery.queue,
            HEADERS: repr(dict(delivery.headers))[:LONGEST_HEADERS],
        },
        body=delivery.body,
    )
