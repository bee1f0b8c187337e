"""What exporter and importer say to each other about one stream (design §5)."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from twinpool.vocabulary.change import ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import Instant, Position, Term
from twinpool.vocabulary.session import Cursor, SessionId, Staging


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Exporter: I should like to begin a session; this is what my log holds."""

    session: SessionId
    oldest: Position  #: the log is complete after this
    head: Position  #: newest committed change set


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Importer: noted, and this is where I stand."""

    session: SessionId
    cursor: Cursor | None
    staging: Staging | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Exporter: consecutive change sets. Without any it is a canary, which asks for an acknowledgement alone."""

    session: SessionId
    number: int  #: counts the batches and pieces of a session from 1
    after: Position  #: position of the change set before the first of these
    last: Position  #: position of the last of these; equals `after` in a canary
    head: Position  #: the newest committed change set when this was sent
    staged: bool  #: to be applied to the staged snapshot instead of the records
    change_sets: Sequence[ChangeSet]
    digest: bytes  #: see `digest_of`

    @property
    def is_canary(self) -> bool:
        """Whether there is nothing in it."""
        return not self.change_sets

    @property
    def change_count(self) -> int:
        """How many changes there are in it."""
        return sum(change_set.change_count for change_set in self.change_sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Exporter: a piece of a snapshot; see `vocabulary.session.Staging` for what makes it consistent."""

    session: SessionId
    number: int
    begins: bool  #: the first piece of a new snapshot: forget what was staged before
    position: Position  #: the log has to be applied from here on
    walked_from: RecordKey | None  #: the last record of the piece before
    walked_to: RecordKey | None  #: the last record of this piece
    settles_at: Position | None  #: in the last piece: the staged records are consistent from here on
    records: Sequence[Record]
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """Importer: everything up to `number` is applied and durable."""

    session: SessionId
    number: int  #: cumulative; 0 says only that the session is alive
    cursor: Cursor | None  #: None while nothing but staged pieces has come
    digest: bytes  #: of the batch or piece of that number; empty with number 0
    imported_at: Instant  #: by the importer's store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """Importer: something unexpected came (a number skipped, a wrong `after`); please begin another session."""

    session: SessionId
    reason: str


class Refusal(enum.StrEnum):
    """Why an importer will not have a session or a batch."""

    IMPORT_FAILED = "import-failed"  #: it could not be applied; try again later
    NEWER_SESSION = "newer-session"  #: a newer session has been noted
    HIGHER_TERM = "higher-term"  #: the home has moved on: the exporter's pool serves it no more
    NOT_IMPORTED = "not-imported"  #: this pool does not import this stream from that pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Importer: no, and why."""

    session: SessionId
    refusal: Refusal
    reason: str  #: for people
    term: Term | None = None  #: with `HIGHER_TERM`: the term that is known
    noted: SessionId | None = None  #: with `NEWER_SESSION`: the session that has been noted


FromExporter = Open | Batch | Piece
FromImporter = Opened | Acknowledgement | Reopen | Refused
StreamMessage = FromExporter | FromImporter


def digest_of_change_sets(change_sets: Sequence[ChangeSet]) -> bytes:
    """Return the BLAKE2b-128 digest of the payloads, which both ends compute for themselves."""
    digest = hashlib.blake2b(digest_size=16)
    for change_set in change_sets:
        digest.update(change_set.payload)
    return digest.digest()


def digest_of_records(records: Sequence[Record]) -> bytes:
    """Return the BLAKE2b-128 digest of records, each part preceded by its length."""
    digest = hashlib.blake2b(digest_size=16)
    for owner, key, value in records:
        for part in (owner.encode(), key.encode(), value):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.digest()
