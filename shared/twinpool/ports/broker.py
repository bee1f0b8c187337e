"""The broker, as a need: one connection of one pool, on which nothing ever blocks the caller.

A `Link` has one owner thread. Everything that happens on it is told to a `LinkListener`, on that thread; what
others ask of it is handed over to that thread. Recovery is the link's own business: it connects again by itself,
with growing pauses, declares what is its own to declare, and consumes again.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Outcome(enum.Enum):
    """What became of a published letter."""

    CONFIRMED = "confirmed"  #: a quorum of the broker has it
    UNROUTABLE = "unroutable"  #: no queue takes it: the destination has not declared it, or it was deleted
    REJECTED = "rejected"  #: the queue is full (reject-publish), or the broker said nack
    LOST = "lost"  #: the connection went before the broker said anything; it may or may not have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message on its way out."""

    routing_key: str  #: `<destination>.<module>` or `<destination>.control`; see `brokers.topology`
    content_type: str
    headers: Mapping[str, str | int]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that came in; it stays the broker's until it is settled."""

    queue: str
    content_type: str
    headers: Mapping[str, object]  #: whatever the sender wrote: not to be trusted
    body: bytes = field(repr=False)
    tag: int
    epoch: int  #: which channel it came on; one that outlived its channel is settled by nobody
    redelivered: bool


class LinkListener(Protocol):
    """Hears what happens on a link, on the link's own thread: no call may block or raise."""

    def link_up(self) -> None:
        """Everything is declared, and letters may be published."""

    def link_down(self, reason: str) -> None:
        """The connection went; every unsettled letter has been told `LOST` before this."""

    def link_blocked(self, reason: str | None) -> None:
        """The broker asks us to stop publishing (memory or disk alarm); None once it is over."""

    def delivered(self, delivery: Delivery) -> None:
        """A message came in."""

    def settled(self, token: int, outcome: Outcome) -> None:
        """The broker said what became of the letter that `publish` returned this token for."""


class Link(Protocol):
    """One connection of one pool's active front end."""

    def start(self, listener: LinkListener) -> None:
        """Begin to connect, in a thread of its own; returns at once."""

    def publish(self, letter: Letter) -> int:
        """Hand a letter over and return its token; its outcome comes by `settled`.

        Never blocks. Raises `BrokerUnreachable` while the link is down.
        """

    def acknowledge(self, delivery: Delivery) -> None:
        """Let the broker forget a delivery; does nothing (but log) if its channel is gone."""

    def quarantine(self, delivery: Delivery, reason: str) -> None:
        """Put a copy with the reason into the pool's quarantine queue, then let the broker forget the original."""

    def close(self) -> None:
        """Close the connection and wait for the owner thread to end; unacknowledged deliveries go back."""
