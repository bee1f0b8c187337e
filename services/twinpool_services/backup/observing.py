"""What the backup service lets others see of its work: frozen facts, told as they happen.

The protocol's machines stay pure: the desks that feed them tell. Who observes must neither block nor raise.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twinpool.ports.broker import Outcome
from twinpool.vocabulary.names import Instant, Position, Route, Stream
from twinpool.vocabulary.session import SessionId


class LinkState(enum.StrEnum):
    """How this front end stands to the broker."""

    IDLE = "idle"  #: not the active front end, so it has no link
    DOWN = "down"
    UP = "up"
    BLOCKED = "blocked"  #: the broker asks us to stop publishing


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link is in another state."""

    state: LinkState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """An exporter has asked for a session."""

    route: Route
    session: SessionId
    cause: str  #: a word of `Exporting.cause`


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSent:
    """A batch with changes was handed to the broker."""

    route: Route
    session: SessionId
    number: int
    after: Position
    last: Position
    changes: int
    payload_bytes: int  #: of the change sets
    wire_bytes: int  #: of the message's body, compressed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettled:
    """The broker has said what became of a batch."""

    route: Route
    session: SessionId
    number: int
    outcome: Outcome
    seconds: float  #: since it was handed over


@dataclass(frozen=True, slots=True)
class PieceSent:
    """A piece of a snapshot was handed to the broker."""

    route: Route
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgementHeard:
    """The importer has said that it has everything up to a batch."""

    route: Route
    session: SessionId
    number: int
    position: Position
    imported_at: Instant  #: by the importer's store


@dataclass(frozen=True, slots=True)
class RefusalHeard:
    """The importer, or the broker in its place, has refused a session or a batch."""

    route: Route
    reason: str  #: a word: of `Refusal`, `reopen`, or an `Outcome`


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchImported:
    """A batch is applied and durable."""

    stream: Stream
    session: SessionId
    number: int
    after: Position
    last: Position
    changes: int
    oldest_at: Instant  #: commit time of its oldest change set, by the source's store
    seconds: float  #: from when it was taken up, with all of its content


@dataclass(frozen=True, slots=True)
class ImportStumbled:
    """Something could not be imported."""

    stream: Stream
    reason: str


@dataclass(frozen=True, slots=True)
class RefusalSaid:
    """An importer of ours has refused a session or a batch, or asked for another session."""

    stream: Stream
    reason: str  #: a word: of `Refusal`, or `reopen`


@dataclass(frozen=True, slots=True)
class MessageQuarantined:
    """A message could not be understood."""

    queue: str


ExportObservation = SessionOpened | BatchSent | BatchSettled | PieceSent | AcknowledgementHeard | RefusalHeard
ImportObservation = BatchImported | ImportStumbled | RefusalSaid
Observation = LinkChanged | MessageQuarantined | ExportObservation | ImportObservation


class Observer(Protocol):
    """Somebody who watches."""

    def note(self, observation: Observation, /) -> None:
        """Take note of something, on whatever thread it happened."""


class Observers:
    """Several of them, and nobody at all."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        """Tell each, in order."""
        self._observers = tuple(observers)

    def note(self, observation: Observation, /) -> None:
        """Tell everybody."""
        for observer in self._observers:
            observer.note(observation)
