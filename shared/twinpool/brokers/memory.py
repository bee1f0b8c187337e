"""A broker in this process, for tests and experiments: it keeps the promises of the real one that Twinpool relies on.

Confirms, unroutable and rejected letters, redelivery, prefetch, one active consumer a queue, quarantine, bindings that
appear later, queues that are deleted, alarms, outages. Nothing expires, and nothing outlives the process.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from twinpool.brokers.link_options import LinkOptions, QueueLimits
from twinpool.brokers.quarantine import copy_for_quarantine
from twinpool.brokers.topology import Topology, exchange_from, quarantine_of, queue_to, routing_key
from twinpool.errors import BrokerUnreachable
from twinpool.ports.broker import Delivery, Letter, LinkListener, Outcome

log = logging.getLogger(__name__)

JOIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What lies in a queue."""

    content_type: str
    headers: Mapping[str, object]
    body: bytes = field(repr=False)
    redelivered: bool = False


@dataclass(slots=True, kw_only=True)
class _Queue:
    """Messages, and those who wait for them; the first of them is the active consumer."""

    limits: QueueLimits
    ready: deque[Message] = field(default_factory=deque)
    consumers: list[MemoryLink] = field(default_factory=list)
    unsettled: dict[int, Message] = field(default_factory=dict)  # by tag, in order; all with the active consumer
    size: int = 0  # bytes of bodies, in both

    def is_full(self) -> bool:
        return len(self.ready) + len(self.unsettled) >= self.limits.messages or self.size >= self.limits.size

    def add(self, message: Message) -> None:
        self.ready.append(message)
        self.size += len(message.body)

    def settle(self, tag: int) -> None:
        if message := self.unsettled.pop(tag, None):
            self.size -= len(message.body)

    def drop_consumer(self, link: MemoryLink) -> None:
        """Put what it had back, newest first: RabbitMQ promises no order then, so nobody shall rely on one."""
        if self.consumers and self.consumers[0] is link:
            for message in self.unsettled.values():
                self.ready.appendleft(replace(message, redelivered=True))
            self.unsettled.clear()
        self.consumers.remove(link)


class MemoryBroker:
    """Exchanges, queues and bindings of any number of pools."""

    def __init__(self) -> None:
        """Begin empty, and running."""
        self._guard = threading.RLock()
        self._running = True
        self._alarm: str | None = None
        self._exchanges: set[str] = set()
        self._bindings: dict[tuple[str, str], set[str]] = {}
        self._queues: dict[str, _Queue] = {}
        self._links: list[MemoryLink] = []
        self._tags = itertools.count(1)

    def link(self, topology: Topology, options: LinkOptions | None = None) -> MemoryLink:
        """Make a link for a pool."""
        return MemoryLink(self, topology, options or LinkOptions())

    # ── what may happen to it ───────────────────────────────────────────────────────────────────────────────

    def stop(self) -> None:
        """Go away; queues keep their messages, as durable ones do."""
        with self._guard:
            self._running = False
            links = list(self._links)
        for link in links:
            link.cut("the broker was stopped")

    def start(self) -> None:
        """Come back; links connect again by themselves."""
        with self._guard:
            self._running = True
            for link in list(self._links):
                self.connect(link)

    def delete_queue(self, name: str) -> None:
        """Delete a queue and what lies in it, as an operator might."""
        with self._guard:
            gone = self._queues.pop(name)
            for bound in self._bindings.values():
                bound.discard(name)
            for link in gone.consumers:
                link.tell(partial(self._declare_again, link, name))

    def block(self, reason: str | None) -> None:
        """Raise an alarm, or (None) end it: until then nothing that is published goes anywhere."""
        with self._guard:
            self._alarm = reason
            for link in self._links:
                if link.is_up:
                    link.tell(partial(link.listener.link_blocked, reason))
                if reason is None:
                    self._publish_held(link)

    def inject(self, name: str, *, content_type: str = "", headers: Mapping[str, object], body: bytes) -> None:
        """Put a message into a queue as a stranger might."""
        with self._guard:
            self._queues[name].add(Message(content_type=content_type, headers=headers, body=body))
            self._pump(name)

    def messages(self, name: str) -> list[Message]:
        """Return what is ready in a queue."""
        with self._guard:
            return list(self._queues[name].ready) if name in self._queues else []

    # ── for links ───────────────────────────────────────────────────────────────────────────────────────────

    def connect(self, link: MemoryLink) -> None:
        """Set a link up if the broker runs; it is remembered until it closes."""
        with self._guard:
            if link not in self._links:
                self._links.append(link)
            if not self._running or link.is_up or link.is_closing:
                return
            link.epoch += 1
            link.is_up = True
            self._declare(link)
            link.tell(link.listener.link_up)
            if self._alarm is not None:
                link.tell(partial(link.listener.link_blocked, self._alarm))
            for subject in link.topology.subjects:
                self._consume(link, queue_to(link.topology.pool, subject))

    def disconnect(self, link: MemoryLink, reason: str) -> bool:
        """Take a link down: tell what was not settled, give back what was not acknowledged; False if it was down."""
        with self._guard:
            if link.is_closing and link in self._links:
                self._links.remove(link)
            if not link.is_up:
                return False
            link.is_up = False
            for token, _ in link.held:
                link.tell(partial(link.listener.settled, token, Outcome.LOST))
            link.held.clear()
            for name, each in self._queues.items():
                if link in each.consumers:
                    each.drop_consumer(link)
                    self._pump(name)
            if self._alarm is not None:  # Once it is up again it hears anew whether there still is one.
                link.tell(partial(link.listener.link_blocked, None))
            link.tell(partial(link.listener.link_down, reason))
            return True

    def publish(self, link: MemoryLink, token: int, letter: Letter) -> None:
        """Take a letter. Raises `BrokerUnreachable` while the link is down."""
        with self._guard:
            if not link.is_up:
                raise BrokerUnreachable("the broker in this process is not connected")
            link.held.append((token, letter))
            self._publish_held(link)

    def acknowledge(self, link: MemoryLink, delivery: Delivery) -> None:
        """Forget a delivery, unless its epoch is over."""
        with self._guard:
            if not link.is_up or delivery.epoch != link.epoch:
                extra = {"event": "delivery.stale", "queue": delivery.queue, "tag": delivery.tag}
                log.info("a delivery outlived its connection; the broker will deliver it again", extra=extra)
                return
            if delivery.queue in self._queues:
                self._queues[delivery.queue].settle(delivery.tag)
                self._pump(delivery.queue)

    def quarantine(self, link: MemoryLink, delivery: Delivery, reason: str) -> None:
        """Keep a copy with the reason and forget the original, unless its epoch is over."""
        with self._guard:
            if link.is_up and delivery.epoch == link.epoch:
                copy = copy_for_quarantine(link.topology.pool, delivery, reason)
                kept = self._queue(quarantine_of(link.topology.pool), link.options.limits).ready
                kept.append(_message(copy))
                while len(kept) > link.options.limits.quarantined:
                    kept.popleft()
            self.acknowledge(link, delivery)

    # ── under the guard ─────────────────────────────────────────────────────────────────────────────────────

    def _declare(self, link: MemoryLink) -> None:
        own = link.topology
        self._exchanges.add(exchange_from(own.pool))
        self._queue(quarantine_of(own.pool), link.options.limits)
        for subject in own.subjects:
            self._queue(queue_to(own.pool, subject), link.options.limits)
        for each in [*self._links, link]:  # A speaker that came later is bound to now.
            self._bind(each.topology)

    def _bind(self, topology: Topology) -> None:
        for speaker in topology.speakers:
            if exchange_from(speaker) not in self._exchanges:
                continue
            for subject in topology.subjects:
                if (name := queue_to(topology.pool, subject)) in self._queues:
                    way = exchange_from(speaker), routing_key(topology.pool, subject)
                    self._bindings.setdefault(way, set()).add(name)

    def _queue(self, name: str, limits: QueueLimits) -> _Queue:
        return self._queues.setdefault(name, _Queue(limits=limits))

    def _consume(self, link: MemoryLink, name: str) -> None:
        self._queues[name].consumers.append(link)
        self._pump(name)

    def _declare_again(self, link: MemoryLink, name: str) -> None:
        with self._guard:
            if link.is_up:
                self._declare(link)
                if link not in self._queues[name].consumers:  # It may have connected anew in the meantime.
                    self._consume(link, name)

    def _publish_held(self, link: MemoryLink) -> None:
        while link.held and self._alarm is None:
            token, letter = link.held.popleft()
            link.tell(partial(link.listener.settled, token, self._route(link.topology, letter)))

    def _route(self, topology: Topology, letter: Letter) -> Outcome:
        names = self._bindings.get((exchange_from(topology.pool), letter.routing_key), set())
        if not names:
            return Outcome.UNROUTABLE
        if any(self._queues[name].is_full() for name in names):
            return Outcome.REJECTED
        for name in names:
            self._queues[name].add(_message(letter))
            self._pump(name)
        return Outcome.CONFIRMED

    def _pump(self, name: str) -> None:
        """Deliver to the active consumer as much as its prefetch allows."""
        each = self._queues[name]
        if not each.consumers:
            return
        link = each.consumers[0]
        prefetch = link.prefetch_of(name)
        while each.ready and len(each.unsettled) < prefetch:
            message, tag = each.ready.popleft(), next(self._tags)
            each.unsettled[tag] = message
            link.tell(partial(link.listener.delivered, _delivery(name, message, tag, link.epoch)))


class MemoryLink:
    """Fulfils `Link` on a `MemoryBroker`. What it hears, it tells its listener on a thread of its own, in order."""

    def __init__(self, broker: MemoryBroker, topology: Topology, options: LinkOptions) -> None:
        """Prepare; made by `MemoryBroker.link`."""
        self._broker = broker
        self.topology, self.options = topology, options
        self.listener: LinkListener
        # The broker's, under its guard:
        self.epoch = 0
        self.is_up = False
        self.is_closing = False
        self.held: deque[tuple[int, Letter]] = deque()  # letters that an alarm keeps back
        self._tokens = itertools.count(1)
        self._news: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"link {topology.pool}", daemon=True)
        self._prefetch = {queue_to(topology.pool, each): options.prefetch_of(each) for each in topology.subjects}

    def start(self, listener: LinkListener) -> None:
        """Begin to connect."""
        self.listener = listener
        self._thread.start()
        self._broker.connect(self)

    def publish(self, letter: Letter) -> int:
        """Hand a letter over. Raises `BrokerUnreachable` while the link is down."""
        token = next(self._tokens)
        self._broker.publish(self, token, letter)
        return token

    def acknowledge(self, delivery: Delivery) -> None:
        """Let the broker forget a delivery, unless its connection is gone."""
        self._broker.acknowledge(self, delivery)

    def quarantine(self, delivery: Delivery, reason: str) -> None:
        """Put a copy into quarantine and let the broker forget the original, unless its connection is gone."""
        self._broker.quarantine(self, delivery, reason)

    def close(self) -> None:
        """Close, tell what is left to tell, and wait for the thread."""
        self.is_closing = True
        self._broker.disconnect(self, "closed")
        self._news.put(None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(JOIN_SECONDS)

    def cut(self, reason: str = "the connection was cut") -> None:
        """Lose the connection, as a network may; the link connects again by itself."""
        if self._broker.disconnect(self, reason):
            self._news.put(partial(self._broker.connect, self))

    # ── for the broker ──────────────────────────────────────────────────────────────────────────────────────

    def tell(self, news: Callable[[], None]) -> None:
        """Have something done on the link's own thread, after all before it."""
        self._news.put(news)

    def prefetch_of(self, name: str) -> int:
        """Say how many unacknowledged deliveries of a queue there may be."""
        return self._prefetch[name]

    def _run(self) -> None:
        while (news := self._news.get()) is not None:
            try:
                news()
            except Exception:  # a mistake of the listener's: it must not end the link
                log.exception("the link stumbled", extra={"event": "link.stumbled"})


def _message(letter: Letter) -> Message:
    return Message(content_type=letter.content_type, headers=dict(letter.headers), body=letter.body)


def _delivery(name: str, message: Message, tag: int, epoch: int) -> Delivery:
    return Delivery(
        queue=name,
        content_type=message.content_type,
        headers=message.headers,
        body=message.body,
        tag=tag,
        epoch=epoch,
        redelivered=message.redelivered,
    )
