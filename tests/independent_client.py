"""An AMQP client that knows nothing of ours: for what strangers put into queues, and for looking into them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pika
import pika.adapters.blocking_connection


@dataclass(frozen=True)
class Message:
    """A message as it lies in a queue."""

    body: bytes
    content_type: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)

    def with_(self, **changes: Any) -> Message:
        """Return a copy with other parts."""
        return replace(self, **changes)

    def with_header(self, name: str, value: object) -> Message:
        """Return a copy with another value of one header."""
        return replace(self, headers={**self.headers, name: value})


class IndependentClient:
    """Speaks to a virtual host by pika's blocking connection."""

    def __init__(self, url: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def put(self, queue: str, message: Message) -> None:
        """Put a message into a queue, past every exchange of ours; wait until the broker has it."""
        properties = pika.BasicProperties(
            content_type=message.content_type, headers=dict(message.headers), delivery_mode=2
        )
        self._channel.basic_publish("", queue, message.body, properties, mandatory=True)

    def delete_queue(self, queue: str) -> None:
        """Delete a queue, whoever reads from it."""
        self._channel.queue_delete(queue)

    def count(self, queue: str) -> int:
        """Say how many messages are ready in a queue."""
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    @contextmanager
    def listening(self, exchange: str, *routing_keys: str) -> Iterator[str]:
        """Bind a queue of our own to an exchange while the block runs; yields its name."""
        queue = str(self._channel.queue_declare("", exclusive=True).method.queue)
        for routing_key in routing_keys:
            self._channel.queue_bind(queue, exchange, routing_key)
        yield queue
        self._channel.queue_delete(queue)

    def take_all(self, queue: str) -> list[Message]:
        """Take out what is in a queue."""
        found: list[Message] = []
        while True:
            method, properties, body = self._channel.basic_get(queue, auto_ack=True)
            if method is None or properties is None or body is None:
                return found
            found.append(Message(body, properties.content_type, properties.headers or {}))
