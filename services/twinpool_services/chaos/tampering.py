"""Stands between a pool's exchange and its partner's queue, and does to messages what a broken network might.

The queue is unbound from the exchange and a queue of ours is bound in its place; what arrives there is put into the
right one, tampered with. The partner binds its queue again now and then, so some messages come both ways.
"""

from __future__ import annotations

import random
import threading
from types import TracebackType
from typing import Any, Self

import pika
import pika.exceptions

from twinpool.brokers.topology import exchange_from, queue_to, routing_key
from twinpool.vocabulary.addresses import broker_addresses
from twinpool.vocabulary.names import PoolFqdn

UNBIND_EVERY = 0.5  #: seconds
SHARE = 0.5  #: of the messages that are tampered with
KEPT = 20  #: messages that may be replayed

Message = tuple[pika.BasicProperties, bytes]


class Tamperer:
    """Tampers with what one pool sends to another, in one subject, until it is left."""

    def __init__(self, url: str, source: PoolFqdn, destination: PoolFqdn, subject: str, how: str, seed: int) -> None:
        """Prepare; `how` is corrupt, duplicate, reorder, replay or drop."""
        self.seen = self.tampered = 0
        self._url, self._how, self._dice = url, how, random.Random(seed)  # noqa: S311 - dice, not a secret
        self._exchange, self._queue = exchange_from(source), queue_to(destination, subject)
        self._key = routing_key(destination, subject)
        self._kept: list[Message] = []
        self._held: list[Message] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tamperer {self._queue}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with pika.BlockingConnection([pika.URLParameters(url) for url in broker_addresses(self._url)]) as found:
                    self._tamper(found.channel())
            except (pika.exceptions.AMQPError, OSError):  # The broker is away, or the queue; it comes back.
                self._stop.wait(1.0)

    def _tamper(self, channel: Any) -> None:
        ours = str(channel.queue_declare("", exclusive=True).method.queue)
        channel.queue_bind(ours, self._exchange, self._key)
        try:
            while not self._stop.is_set():
                channel.queue_unbind(self._queue, self._exchange, self._key)
                for method, properties, body in channel.consume(ours, auto_ack=True, inactivity_timeout=UNBIND_EVERY):
                    if method is None or self._stop.is_set():
                        break
                    self._pass_on(channel, (properties, body))
                self._release(channel)
        finally:
            if channel.is_open:
                channel.queue_bind(self._queue, self._exchange, self._key)
                channel.cancel()
                self._release(channel)

    def _pass_on(self, channel: Any, message: Message) -> None:
        self.seen += 1
        self._kept = [*self._kept[-KEPT:], message]
        if self._dice.random() >= SHARE:
            self._put(channel, message)
            return
        self.tampered += 1
        match self._how:
            case "corrupt":
                self._put(channel, (message[0], _with_one_bit_flipped(message[1], self._dice)))
            case "duplicate":
                self._put(channel, message)
                self._put(channel, message)
            case "replay":
                self._put(channel, message)
                self._put(channel, self._dice.choice(self._kept))
            case "reorder":
                self._held.append(message)
            case _:
                pass  # dropped

    def _release(self, channel: Any) -> None:
        """Put what was held back behind what came later, the newest first."""
        while self._held:
            self._put(channel, self._held.pop())

    def _put(self, channel: Any, message: Message) -> None:
        channel.basic_publish("", self._queue, message[1], message[0])


def delete_queue(url: str, pool: PoolFqdn, subject: str) -> None:
    """Delete a queue that a pool reads from, whoever reads from it."""
    with pika.BlockingConnection([pika.URLParameters(one) for one in broker_addresses(url)]) as connection:
        connection.channel().queue_delete(queue_to(pool, subject))


def _with_one_bit_flipped(body: bytes, dice: random.Random) -> bytes:
    if not body:
        return b"\x01"
    changed = bytearray(body)
    at = dice.randrange(len(changed) * 8)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)
