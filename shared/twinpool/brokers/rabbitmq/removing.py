"""Takes away what pools have declared, for deployments that begin anew on a broker that others had before them."""

from __future__ import annotations

from collections.abc import Iterable

import pika
import pika.exceptions

from twinpool.brokers.rabbitmq.failures import reason_of
from twinpool.brokers.topology import Topology, exchange_from, quarantine_of, queues
from twinpool.errors import BrokerUnreachable, Refused
from twinpool.vocabulary.addresses import broker_addresses

NOT_FOUND = 404


class TopologyInUse(Refused):
    """Somebody reads from the queues that are to go."""

    hint = "Another deployment uses the same names of pools there; give each a virtual host of its own."


def remove_topology(url: str, topologies: Iterable[Topology]) -> int:
    """Delete the queues and exchanges of pools and return how many queues there were.

    Raises `TopologyInUse` before anything was deleted, and `BrokerUnreachable` with the reason.
    """
    known = list(topologies)
    names = [name for topology in known for name in (*queues(topology), quarantine_of(topology.pool))]
    nodes = [pika.URLParameters(node) for node in broker_addresses(url)]
    try:
        with pika.BlockingConnection(nodes) as connection:
            found = [name for name in names if _is_there(connection, name)]
            channel = connection.channel()
            for name in found:
                channel.queue_delete(name)
            for topology in known:
                channel.exchange_delete(exchange_from(topology.pool))
    except (pika.exceptions.AMQPError, OSError) as error:
        raise BrokerUnreachable(reason_of(error, nodes[-1])) from error
    return len(found)


def _is_there(connection: pika.BlockingConnection, name: str) -> bool:
    """Tell whether a queue exists. Raises `TopologyInUse` if somebody reads from it."""
    channel = connection.channel()
    try:
        declared = channel.queue_declare(name, passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    if declared.method.consumer_count:
        raise TopologyInUse(f"somebody reads from queue {name}")
    channel.close()
    return True
