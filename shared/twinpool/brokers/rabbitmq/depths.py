"""Counts what lies in queues, for those who watch."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

import pika
import pika.exceptions

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.rabbitmq.failures import reason_of
from twinpool.brokers.rabbitmq.link import parameters_of
from twinpool.errors import BrokerUnreachable
from twinpool.vocabulary.addresses import broker_addresses


class QueueDepths:
    """Asks a broker again and again over one connection; for one thread."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        """Connect; `tls` is what an amqps broker is checked by, and shown. Raises `BrokerUnreachable`."""
        options = LinkOptions(tls=tls)
        nodes = [parameters_of(node, "twinpool queue depths", options) for node in broker_addresses(url)]
        try:
            self._connection = pika.BlockingConnection(nodes)
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerUnreachable(reason_of(error, nodes[-1])) from error
        self._node = nodes[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection.is_open:
            self._connection.close()

    def ready(self, queues: Iterable[str]) -> Mapping[str, int]:
        """Return how many messages wait in each queue that exists, those not counted that a consumer already has.

        Raises `BrokerUnreachable`.
        """
        try:
            return {name: count for name in queues if (count := self._ready(name)) is not None}
        except (pika.exceptions.AMQPError, OSError) as error:
            raise BrokerUnreachable(reason_of(error, self._node)) from error

    def _ready(self, name: str) -> int | None:
        channel = self._connection.channel()
        try:
            return int(channel.queue_declare(name, passive=True).method.message_count)
        except pika.exceptions.ChannelClosedByBroker:  # There is no such queue.
            return None
        finally:
            if channel.is_open:
                channel.close()
