"""The worker's post office: letters out with somebody who hears what became of them, deliveries in to who waits.

It hears the link on the link's own thread, so it does nothing there but look at headers and put things into inboxes.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from twinpool.errors import BrokerUnreachable, MalformedMessage, UntrustedMessage
from twinpool.ports.broker import Delivery, Link, Outcome
from twinpool.protocol.messages import Open, Refusal, Refused
from twinpool.vocabulary.names import PoolFqdn, Stream
from twinpool.wire import Envelope, Kind, Vouching, decode, encode, peek
from twinpool_services.backup.observing import LinkChanged, LinkState, MessageQuarantined, Observer, Observers

log = logging.getLogger(__name__)


class Recipient(Protocol):
    """A thread of the worker that hears from the broker; no call may block."""

    def link_up(self) -> None:
        """Letters may be published."""

    def link_down(self, reason: str) -> None:
        """They may not."""

    def deliver(self, delivery: Delivery) -> None:
        """A message for this recipient came in; the recipient settles it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How messages are vouched for, and who hears (speaker, queue, reason) of one that is not."""

    vouching: Vouching
    alarm: Callable[[PoolFqdn, str, str], None]


class PostOffice:
    """Sorts what comes in by kind and stream, and tells senders what became of what they sent."""

    def __init__(
        self,
        pool: PoolFqdn,
        link: Link,
        speakers: frozenset[PoolFqdn],
        trust: Trust,
        observer: Observer | None = None,
    ) -> None:
        """Work for a pool on a link; only `speakers` are listened to, and to what they have vouched for."""
        self._pool, self._link, self._speakers, self._trust = pool, link, speakers, trust
        self._observer = observer or Observers()
        self._boxes: dict[tuple[Kind, Stream, PoolFqdn], Recipient] = {}
        self._waiting: dict[int, Callable[[Outcome], None]] = {}
        self._guard = threading.Lock()
        self._up = False
        self.blocked: str | None = None  #: why the broker asks us to stop publishing
        self.quarantined: Counter[str] = Counter()  #: by reason

    def register(self, kinds: frozenset[Kind], stream: Stream, partner: PoolFqdn, recipient: Recipient) -> None:
        """Give the messages of these kinds about a stream from a pool to a recipient. Before the link starts."""
        for kind in kinds:
            self._boxes[kind, stream, partner] = recipient

    def register_rest(self, kinds: frozenset[Kind], stream: Stream, partner: PoolFqdn, recipient: Recipient) -> None:
        """Likewise, but only what nobody else has asked for."""
        self.register(
            frozenset(kind for kind in kinds if (kind, stream, partner) not in self._boxes), stream, partner, recipient
        )

    def send(self, envelope: Envelope, on_outcome: Callable[[Outcome], None] | None = None) -> int:
        """Publish, and return the bytes of the body; the outcome is told on the link's thread.

        Raises `BrokerUnreachable`.
        """
        letter = encode(envelope, self._trust.vouching)
        with self._guard:  # So that an outcome cannot be told before we know who waits for it.
            token = self._link.publish(letter)
            if on_outcome is not None:
                self._waiting[token] = on_outcome
        return len(letter.body)

    def open(self, delivery: Delivery) -> Envelope | None:
        """Decode a delivery; None, after putting it aside, if it is damaged, not trusted, or meant for another pool."""
        try:
            envelope = decode(delivery, self._trust.vouching)
        except UntrustedMessage as error:
            self._trust.alarm(PoolFqdn(error.speaker), delivery.queue, str(error))
            self.quarantine(delivery, f"not trusted: it {error}")
            return None
        except MalformedMessage as error:
            self.quarantine(delivery, str(error))
            return None
        if envelope.destination != self._pool:
            self.quarantine(delivery, f"meant for {envelope.destination}")
            return None
        return envelope

    def settle(self, delivery: Delivery) -> None:
        """Let the broker forget a delivery."""
        self._link.acknowledge(delivery)

    def quarantine(self, delivery: Delivery, reason: str) -> None:
        """Put a message that cannot be understood aside, count it, and go on."""
        self.quarantined[delivery.queue] += 1
        self._observer.note(MessageQuarantined(delivery.queue))
        extra = {"event": "message.quarantined", "queue": delivery.queue, "reason": reason}
        log.warning("message from %s quarantined: %s", delivery.queue, reason, extra=extra)
        self._link.quarantine(delivery, reason)

    # ── what the link tells ─────────────────────────────────────────────────────────────────────────────────

    def link_up(self) -> None:
        """Tell everybody."""
        log.info("broker link up", extra={"event": "link.up"})
        self._observer.note(LinkChanged(LinkState.UP))
        for recipient in self._recipients():
            recipient.link_up()

    def link_down(self, reason: str) -> None:
        """Tell everybody."""
        log.warning("broker link down: %s", reason, extra={"event": "link.down", "reason": reason})
        self._observer.note(LinkChanged(LinkState.DOWN, reason))
        for recipient in self._recipients():
            recipient.link_down(reason)

    def link_blocked(self, reason: str | None) -> None:
        """Remember it; exporters look before they read on."""
        self.blocked = reason
        log.warning("broker blocked: %s", reason or "no more", extra={"event": "link.blocked", "reason": reason})
        self._observer.note(LinkChanged(LinkState.UP if reason is None else LinkState.BLOCKED, reason or ""))

    def settled(self, token: int, outcome: Outcome) -> None:
        """Tell who waits for it."""
        with self._guard:
            waiting = self._waiting.pop(token, None)
        if waiting is not None:
            waiting(outcome)
        elif outcome is not Outcome.CONFIRMED:
            log.info("an answer was not delivered: %s", outcome.value, extra={"event": "reply.not_delivered"})

    def delivered(self, delivery: Delivery) -> None:
        """Give it to who waits for it, or put it aside."""
        try:
            glance = peek(delivery)
        except MalformedMessage as error:
            self.quarantine(delivery, str(error))
            return
        if glance.source not in self._speakers:
            self.quarantine(delivery, f"{glance.source} is no pool that speaks to this one")
            return
        recipient = self._boxes.get((glance.kind, glance.stream, glance.source))
        if recipient is None and glance.kind is Kind.OPEN:
            self._decline(delivery)
        elif recipient is None and any(stream == glance.stream for _, stream, _ in self._boxes):
            # Said to who exported or imported this before the home moved; nothing waits for it any more.
            log.debug("%s of %s from %s comes too late", glance.kind, glance.stream, glance.source)
            self.settle(delivery)
        elif recipient is None:
            self.quarantine(delivery, f"nobody here waits for {glance.kind} of {glance.stream} from {glance.source}")
        else:
            recipient.deliver(delivery)

    def _decline(self, delivery: Delivery) -> None:
        """Tell an exporter that its stream is not imported here: the pools disagree about who serves, or on modules."""
        envelope = self.open(delivery)
        if envelope is None or not isinstance(envelope.message, Open):
            return
        refused = Refused(
            session=envelope.message.session,
            refusal=Refusal.NOT_IMPORTED,
            reason=f"{self._pool} does not import {envelope.stream} from {envelope.source}",
        )
        reply = Envelope(source=self._pool, destination=envelope.source, stream=envelope.stream, message=refused)
        try:
            self.send(reply)
        except BrokerUnreachable as error:
            log.info("an answer was not sent: %s", error, extra={"event": "reply.not_delivered"})
        self.settle(delivery)

    def _recipients(self) -> list[Recipient]:
        return list({id(recipient): recipient for recipient in self._boxes.values()}.values())
