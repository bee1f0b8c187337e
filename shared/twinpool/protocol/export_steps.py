"""What an exporter is told (events), what it asks for (actions), and what it wants to read next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twinpool.protocol.messages import FromExporter, FromImporter
from twinpool.vocabulary.change import ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Term
from twinpool.vocabulary.session import SessionId

# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker takes letters."""


@dataclass(frozen=True, slots=True)
class LinkDown:
    """It does not; whatever was under way may or may not have arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class LogBounds:
    """The answer to `ReadBounds`."""

    oldest: Position
    settled: Position
    head: Position


@dataclass(frozen=True, slots=True)
class Collected:
    """The answer to `Collect`: consecutive change sets after the position asked for; empty if there are none."""

    change_sets: Sequence[ChangeSet]
    head: Position
    oldest: Position = ORIGIN  #: the log was complete after this when it was looked at *after* the reading


@dataclass(frozen=True, slots=True)
class Walked:
    """The answer to `Walk`. `settles_at` is the head *after* the last record was read, None if more are to come."""

    records: Sequence[Record]
    settles_at: Position | None


@dataclass(frozen=True, slots=True)
class Heard:
    """The importer said something."""

    message: FromImporter


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """A letter of a session found no queue, or the queue was full."""

    session: SessionId
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """Our own store could not be read or written."""

    reason: str


@dataclass(frozen=True, slots=True)
class SyncAsked:
    """An operator wants everything confirmed anew, or (full) sent anew."""

    full: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


ExportEvent = LinkUp | LinkDown | LogBounds | Collected | Walked | Heard | NotDelivered | ReadFailed | SyncAsked | Tick


# ── actions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """Read the bounds of the log, then tell `LogBounds`."""


@dataclass(frozen=True, slots=True)
class Send:
    """Publish a message to the importer."""

    message: FromExporter


@dataclass(frozen=True, slots=True)
class NoteOpened:
    """Make durable that the importer answered and stands there."""

    acknowledged: Position


@dataclass(frozen=True, slots=True)
class NoteAcknowledged:
    """Make durable that everything up to here is at the importer; what all importers have may be pruned."""

    position: Position


@dataclass(frozen=True, slots=True)
class NoteAttempt:
    """Make durable that something was sent (None), or why it could not be."""

    failure: str | None


@dataclass(frozen=True, slots=True)
class StepDown:
    """The home has a higher term: this pool serves it no more."""

    term: Term


@dataclass(frozen=True, slots=True)
class Outgrow:
    """Make way for a generation that is higher than this one, which the importer has noted, and than our own.

    Only the holder of the lease can do so, by the store's word; it is one no more afterwards.
    """

    generation: Generation


ExportAction = ReadBounds | Send | NoteOpened | NoteAcknowledged | NoteAttempt | StepDown | Outgrow


# ── what is wanted next ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Collect:
    """Read the log from here on, then tell `Collected`."""

    after: Position


@dataclass(frozen=True, slots=True)
class Walk:
    """Read records after this one, then tell `Walked`."""

    after: RecordKey | None
