"""The half of a link that reads: declares the pool's own, binds it to who may speak, consumes, acknowledges."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
import pika.channel

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.rabbitmq.binding import Bindings
from twinpool.brokers.rabbitmq.declaring import declare_all, declare_quarantine, declare_queue
from twinpool.brokers.rabbitmq.hooks import Hooks
from twinpool.brokers.topology import Topology, queue_to
from twinpool.ports.broker import Delivery

log = logging.getLogger(__name__)


class Reader:
    """Consumes on a channel of its own connection."""

    def __init__(
        self,
        hooks: Hooks,
        topology: Topology,
        options: LinkOptions,
        epoch: int,
        delivered: Callable[[Delivery], None],
    ) -> None:
        """Tell `delivered` what comes in, marked with the epoch."""
        self._hooks, self._topology, self._options = hooks, topology, options
        self._epoch, self._delivered = epoch, delivered
        self._channel: pika.channel.Channel | None = None
        self._bindings: Bindings | None = None

    def open(self, connection: pika.SelectConnection) -> None:
        """Declare and bind everything on an open connection; consuming waits for `consume_all`."""
        self._bindings = Bindings(connection, self._topology, self._options.bind_again)
        connection.channel(on_open_callback=self._hooks.contained(partial(self._declare, self._bindings)))

    def consume_all(self) -> None:
        """Begin to take messages in."""
        for subject in self._topology.subjects:
            self._consume(subject)

    def acknowledge(self, delivery: Delivery) -> None:
        """Let the broker forget a delivery."""
        if self._channel is not None and self._channel.is_open:
            self._channel.basic_ack(delivery.tag)

    def renew_quarantine(self) -> None:
        """Declare the quarantine again: it may have been deleted."""
        if self._channel is not None and self._channel.is_open:
            declare_quarantine(self._channel, self._topology.pool, self._options.limits)

    def _declare(self, bindings: Bindings, channel: pika.channel.Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._hooks.channel_gone)
        channel.add_on_cancel_callback(self._hooks.contained(self._queue_gone))
        limits = self._options.limits
        declare_all(channel, self._topology, limits, done=lambda: bindings.keep(self._hooks.prepared))

    def _consume(self, subject: str) -> None:
        if self._channel is None or not self._channel.is_open:
            return
        queue = queue_to(self._topology.pool, subject)
        self._channel.basic_qos(prefetch_count=self._options.prefetch_of(subject))  # for the next consumer alone
        self._channel.basic_consume(
            queue, self._hooks.contained(partial(self._on_message, queue)), consumer_tag=subject
        )

    def _on_message(self, queue: str, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = properties.headers or {}
        self._delivered(
            Delivery(
                queue=queue,
                content_type=_text(properties.content_type or ""),
                headers={_text(name): _plain(value) for name, value in headers.items()},
                body=body,
                tag=method.delivery_tag,
                epoch=self._epoch,
                redelivered=method.redelivered,
            )
        )

    def _queue_gone(self, frame: Any) -> None:
        """Put a queue back that somebody deleted; its consumer's tag is its subject."""
        subject = frame.method.consumer_tag
        if self._channel is None or not self._channel.is_open or self._bindings is None:
            return
        extra = {"event": "queue.gone", "queue": queue_to(self._topology.pool, subject)}
        log.warning("the queue of %s is gone; declaring it again", subject, extra=extra)
        declare_queue(self._channel, self._topology.pool, subject, self._options.limits)
        # Bindings are made on channels of their own, so the queue must be there before.
        self._channel.basic_qos(callback=lambda _frame: self._bind_again(subject))

    def _bind_again(self, subject: str) -> None:
        if self._bindings is not None:
            self._bindings.once(lambda: self._consume(subject))


def _plain(value: object) -> object:
    """Return an integer as such: pika makes 64-bit ones of a class of its own."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(name: object) -> str:
    """Make sure of text: pika gives bytes where a foreign sender wrote no UTF-8."""
    return name if isinstance(name, str) else repr(name)
