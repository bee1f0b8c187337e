"""What a pool declares: its exchange, the queues that it consumes, its quarantine (design §5)."""

from __future__ import annotations

from collections.abc import Callable

import pika.channel

from twinpool.brokers.link_options import QueueLimits
from twinpool.brokers.topology import CONTROL, Topology, exchange_from, quarantine_of, queue_to
from twinpool.vocabulary.names import PoolFqdn

Arguments = dict[str, str | int | bool]

#: A message that cannot be applied must not leave its queue behind the stream's back. RabbitMQ 4 drops it after 20
#: deliveries unless told otherwise. -1 means "never" there and is refused by 3.10; this number means "never" to every
#: version, so a queue keeps its arguments, and can be declared again, when the broker is upgraded underneath it.
NO_DELIVERY_LIMIT = 1_000_000_000


def queue_arguments(subject: str, limits: QueueLimits) -> Arguments:
    """Return the arguments of a queue that a pool consumes."""
    arguments: Arguments = {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-overflow": "reject-publish",
        "x-max-length": limits.messages,
        "x-max-length-bytes": limits.size,
        "x-delivery-limit": NO_DELIVERY_LIMIT,
    }
    if subject == CONTROL:
        arguments["x-message-ttl"] = int(limits.control_ttl * 1000)
    return arguments


def quarantine_arguments(limits: QueueLimits) -> Arguments:
    """Return the arguments of a quarantine: bounded, and the oldest go first."""
    return {
        "x-queue-type": "quorum",
        "x-overflow": "drop-head",
        "x-max-length": limits.quarantined,
        "x-max-length-bytes": limits.quarantined_size,
        "x-delivery-limit": NO_DELIVERY_LIMIT,
    }


def declare_all(
    channel: pika.channel.Channel, topology: Topology, limits: QueueLimits, done: Callable[[], None]
) -> None:
    """Declare everything that is the pool's own, then call back.

    The broker works off a channel in order, so only the last declaration asks for an answer; a refusal of any
    closes the channel.
    """
    channel.exchange_declare(exchange_from(topology.pool), exchange_type="direct", durable=True)
    declare_quarantine(channel, topology.pool, limits)
    for subject in topology.subjects:
        declare_queue(channel, topology.pool, subject, limits)
    channel.exchange_declare(
        exchange_from(topology.pool), exchange_type="direct", durable=True, callback=lambda _frame: done()
    )


def declare_queue(channel: pika.channel.Channel, pool: PoolFqdn, subject: str, limits: QueueLimits) -> None:
    """Declare one queue that the pool consumes."""
    channel.queue_declare(queue_to(pool, subject), durable=True, arguments=queue_arguments(subject, limits))


def declare_quarantine(channel: pika.channel.Channel, pool: PoolFqdn, limits: QueueLimits) -> None:
    """Declare the queue that keeps what the pool could not understand.

    It is reached by the pool's own exchange, not by the default one: whoever may write to that can write to every
    queue, and so speak as any pool.
    """
    queue = quarantine_of(pool)
    channel.queue_declare(queue, durable=True, arguments=quarantine_arguments(limits))
    channel.queue_bind(queue, exchange_from(pool), queue)
