"""Looks at a broker through a pool's own credentials, changing nothing: is it there, and the pool's queues."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pika
import pika.exceptions

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.rabbitmq.failures import reason_of
from twinpool.brokers.rabbitmq.link import parameters_of
from twinpool.brokers.rabbitmq.tolerance import hush
from twinpool.brokers.topology import Topology, exchange_from, quarantine_of, queues
from twinpool.errors import InvalidConfiguration
from twinpool.vocabulary.addresses import broker_addresses

NOT_FOUND, ACCESS_REFUSED = 404, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueExamination:
    """A queue or an exchange."""

    name: str
    messages: int | None = None  #: that wait; None for an exchange, and for what is not there
    consumers: int | None = None
    missing: bool = False
    refused: str = ""  #: what the broker says if we may not even look


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerExamination:
    """What was seen."""

    reason: str = ""  #: why it cannot be reached; empty if it can
    product: str = ""
    version: str = ""
    queues: tuple[QueueExamination, ...] = ()
    exchange: QueueExamination | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether it takes the pool's credentials."""
        return not self.reason


def examine_broker(
    url: str, topology: Topology, *, tls: ssl.SSLContext | None = None, connect_timeout: float = 3.0
) -> BrokerExamination:
    """Look at the exchange and the queues of a pool. Never raises for what it finds.

    `tls` is what an amqps broker is checked by, and shown; None: as the URL says.
    """
    hush()
    options = LinkOptions(connect_timeout=connect_timeout, tls=tls)
    try:
        nodes = [parameters_of(node, f"twinpool {topology.pool} doctor", options) for node in broker_addresses(url)]
    except InvalidConfiguration as error:
        return BrokerExamination(reason=str(error))
    try:
        with pika.BlockingConnection(nodes) as connection:
            seen = _about(connection)
            names = (*queues(topology), quarantine_of(topology.pool))
            return replace(
                seen,
                queues=tuple(_queue(connection, name) for name in names),
                exchange=_exchange(connection, exchange_from(topology.pool)),
            )
    except (pika.exceptions.AMQPError, OSError) as error:
        return BrokerExamination(reason=reason_of(error, nodes[-1]))


def _about(connection: pika.BlockingConnection) -> BrokerExamination:
    properties: Mapping[str, object] = connection._impl.server_properties or {}  # noqa: SLF001 - pika has no other way
    return BrokerExamination(product=_text(properties.get("product")), version=_text(properties.get("version")))


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


def _queue(connection: pika.BlockingConnection, name: str) -> QueueExamination:
    channel = connection.channel()
    try:
        declared = channel.queue_declare(name, passive=True).method
    except pika.exceptions.ChannelClosedByBroker as error:
        return _not_seen(name, error)
    channel.close()
    return QueueExamination(name=name, messages=declared.message_count, consumers=declared.consumer_count)


def _exchange(connection: pika.BlockingConnection, name: str) -> QueueExamination:
    channel = connection.channel()
    try:
        channel.exchange_declare(name, passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        return _not_seen(name, error)
    channel.close()
    return QueueExamination(name=name)


def _not_seen(name: str, error: pika.exceptions.ChannelClosedByBroker) -> QueueExamination:
    if error.reply_code == NOT_FOUND:
        return QueueExamination(name=name, missing=True)
    return QueueExamination(name=name, refused=error.reply_text)
