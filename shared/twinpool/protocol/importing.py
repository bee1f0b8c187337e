"""The importing end of a stream's protocol: events in, actions out; no clock, no socket, no database.

Invariants that this machine keeps
- A session is durably noted before it is answered, and from then on nothing of an older one is applied.
- Batches and pieces are applied in the order of their numbers, each once, each onto the position that it follows.
- An acknowledgement is said, for the first time or again, only after what it acknowledges is durable: actions are
  carried out in order, when one fails the rest of them are not carried out, and what may be said again is known only
  when the next event shows that they all were.
- Whatever is unexpected is dropped, and a new session is asked for.
- No session of a term is opened that our pool has not adopted, for only adopting it (`Terms.demote`) finds out up to
  where our cursor is shared; and none while the cursor stands above the fork, where it is not.

What this process believes of the cursor is a copy; the store checks session, position and lease generation again in
the transaction that applies (a former active front end may wake up late and believe anything).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from twinpool.protocol.messages import (
    Batch,
    FromExporter,
    FromImporter,
    Open,
    Opened,
    Piece,
    Refusal,
    Refused,
    Reopen,
    digest_of_change_sets,
    digest_of_records,
)
from twinpool.vocabulary.names import ORIGIN, Position, Term
from twinpool.vocabulary.session import Cursor, ImportProgress, SessionId, Staging

# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Heard:
    """The exporter said something."""

    message: FromExporter


@dataclass(frozen=True, slots=True)
class SessionNoted:
    """The answer to `NoteSession`: it is durable, and this is where the stream stands."""

    progress: ImportProgress


@dataclass(frozen=True, slots=True)
class Failed:
    """An action could not be carried out; the rest were not tried. This is what the store knows now."""

    reason: str
    progress: ImportProgress


ImportEvent = Heard | SessionNoted | Failed


# ── actions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NoteSession:
    """Make a session durable, then tell `SessionNoted`."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin an unknown stream at its very beginning."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply a batch to the records and move the cursor, all or nothing."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class BeginStaging:
    """Forget what was staged; a new snapshot begins with this piece."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class Stage:
    """Add a piece to the staged records."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class StageChanges:
    """Apply a batch to the staged records."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class SwapIn:
    """Replace the records by the staged ones."""

    session: SessionId


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say that everything up to a number is durable."""

    session: SessionId
    number: int
    cursor: Cursor | None
    digest: bytes
    proves: bool = True  #: something was applied, or nothing is lacking: imports work


@dataclass(frozen=True, slots=True)
class Reply:
    """Say something else to the exporter."""

    message: FromImporter


ImportAction = NoteSession | Begin | Apply | BeginStaging | Stage | StageChanges | SwapIn | Acknowledge | Reply


class Importing:
    """One importer of one stream, from the start of a term of office of the active front end to its end."""

    def __init__(self, progress: ImportProgress, term: Term, fork: Position | None = None) -> None:
        """Begin in a term; `fork` is where terms above the cursor's began (`home.fork`), None if there are none."""
        self.progress = progress
        self.higher_term: Term | None = None  #: heard of in a session that was not answered: ask who serves
        self._fork = fork
        self.last_acknowledged: Acknowledge | None = None  #: to be said again while a batch takes long
        self._next_acknowledged: Acknowledge | None = None  # once the actions under way have been carried out
        self.head_heard = ORIGIN  #: newest position that the exporter has told of
        self._term = term
        self._open: SessionId | None = None  #: the session opened in this life
        self._expected = 1
        self._complaint: Reopen | Refused | None = None  # what was said last about the session that is going wrong

    def handle(self, event: ImportEvent) -> list[ImportAction]:
        """Take an event in and say what is to be done, in this order."""
        self.last_acknowledged = self._next_acknowledged
        match event:
            case Heard(message):
                return self._asked_to_open(message) if isinstance(message, Open) else self._numbered(message)
            case SessionNoted(progress):
                return self._noted(progress)
            case Failed(reason, progress):
                return self._failed(reason, progress)
            case _:
                assert_never(event)

    # ── opening ─────────────────────────────────────────────────────────────────────────────────────────────

    def _asked_to_open(self, message: Open) -> list[ImportAction]:
        session, noted = message.session, self.progress.session
        if session.term == self._term:
            self.head_heard = max(self.head_heard, message.head)
        if session.term < self._term:
            reason = f"the home is in term {self._term}, and term {session.term} is over"
            return [Reply(Refused(session=session, refusal=Refusal.HIGHER_TERM, reason=reason, term=self._term))]
        if session.term > self._term:
            self.higher_term = session.term
            return []  # It is asked again until our pool has adopted that term, and an importer of it answers.
        if reason := self._divergence():
            return [Reply(Refused(session=session, refusal=Refusal.IMPORT_FAILED, reason=reason))]
        if session > noted:
            return [NoteSession(session)]
        if session < noted:
            reason = f"session {noted} is newer than {session}"
            return [Reply(Refused(session=session, refusal=Refusal.NEWER_SESSION, reason=reason, noted=noted))]
        if session == self._open:
            # Said twice. Batches show that our answer was heard; else it may have been lost.
            return [self._opened(session)] if self._expected == 1 else []
        return [Reply(Reopen(session=session, reason="this session was noted before the importer started anew"))]

    def _divergence(self) -> str:
        """Say why the cursor must not be continued, if so: what it has applied past the fork nobody else has."""
        cursor = self.progress.cursor
        if cursor is None or self._fork is None or cursor.term >= self._term or cursor.position <= self._fork:
            return ""
        return f"what is here goes up to {cursor.position} of term {cursor.term}, past the fork at {self._fork}"

    def _noted(self, progress: ImportProgress) -> list[ImportAction]:
        self.progress, session = progress, progress.session
        self._open, self._expected, self._complaint = session, 1, None
        # A crash may have come between the last piece of a snapshot and its swap.
        swap = self._swap_if_settled(session, progress.staging) if progress.staging else []
        self._next_acknowledged = Acknowledge(session, 0, self.progress.cursor, b"")
        return [*swap, self._opened(session)]

    def _opened(self, session: SessionId) -> Reply:
        return Reply(Opened(session=session, cursor=self.progress.cursor, staging=self.progress.staging))

    def _failed(self, reason: str, progress: ImportProgress) -> list[ImportAction]:
        session = self._open
        self.progress, self._open, self.last_acknowledged, self._next_acknowledged = progress, None, None, None
        if session is None:
            return []
        self._complaint = Refused(session=session, refusal=Refusal.IMPORT_FAILED, reason=reason)
        return [Reply(self._complaint)]

    # ── batches and pieces ──────────────────────────────────────────────────────────────────────────────────

    def _numbered(self, message: Batch | Piece) -> list[ImportAction]:
        if isinstance(message, Batch) and message.session.term == self._term:
            # Whatever becomes of it: what it tells of is known to be missing until it is here.
            self.head_heard = max(self.head_heard, message.head)
        if message.session < self.progress.session:
            return []  # An older session, overtaken: dropped without a word, for nobody waits for one.
        if message.session != self._open:
            return self._complain(message, "this session was not opened here")
        if message.number < self._expected:
            return []  # Delivered twice.
        if message.number > self._expected:
            return self._complain(message, f"number {self._expected} is missing before {message.number}")
        actions = self._batch(message) if isinstance(message, Batch) else self._piece(message)
        if actions is None:
            return self._complain(message, f"it does not follow what is here: {self.progress}")
        self._expected, self._complaint = message.number + 1, None
        # A canary ahead of a batch that cannot be applied must not look like a success.
        proves = bool(actions) or (isinstance(message, Batch) and message.head <= message.last)
        acknowledge = Acknowledge(message.session, message.number, self.progress.cursor, message.digest, proves)
        self._next_acknowledged = acknowledge
        return [*actions, acknowledge]

    def _complain(self, message: Batch | Piece, reason: str) -> list[ImportAction]:
        """Ask for another session: once, and again at each canary, for the first word may have been lost."""
        said = self._complaint
        if said is None or said.session != message.session:
            said = self._complaint = Reopen(session=message.session, reason=reason)
        elif isinstance(message, Piece) or not message.is_canary:
            return []
        return [Reply(said)]

    def _batch(self, batch: Batch) -> list[ImportAction] | None:
        """Say how a batch of the expected number is applied; None if it does not fit what is here."""
        if batch.is_canary:
            return self._canary(batch)
        if digest_of_change_sets(batch.change_sets) != batch.digest:
            return None
        return self._staged_batch(batch) if batch.staged else self._plain_batch(batch)

    def _canary(self, canary: Batch) -> list[ImportAction] | None:
        """Apply nothing; but even a stream without a change has a beginning, and other records have no place in it."""
        if canary.staged:
            return []
        cursor = self.progress.cursor
        if (cursor.position if cursor else ORIGIN) != canary.after:
            return None
        if cursor is not None:
            return []
        self._move_to(canary)
        return [Begin(canary.session)]

    def _plain_batch(self, batch: Batch) -> list[ImportAction] | None:
        cursor = self.progress.cursor
        if (cursor.position if cursor else ORIGIN) != batch.after:
            return None
        self._move_to(batch)
        return [Apply(batch)] if cursor else [Begin(batch.session), Apply(batch)]

    def _staged_batch(self, batch: Batch) -> list[ImportAction] | None:
        staging = self.progress.staging
        if staging is None or staging.settles_at is None or staging.position != batch.after:
            return None
        staging = replace(staging, position=batch.last)
        self.progress = replace(self.progress, staging=staging)
        return [StageChanges(batch), *self._swap_if_settled(batch.session, staging)]

    def _piece(self, piece: Piece) -> list[ImportAction] | None:
        staging = self.progress.staging
        if digest_of_records(piece.records) != piece.digest:
            return None
        if not piece.begins and (staging is None or staging.walked_to != piece.walked_from):
            return None
        staging = Staging(position=piece.position, walked_to=piece.walked_to, settles_at=piece.settles_at)
        self.progress = replace(self.progress, staging=staging)
        begin = [BeginStaging(piece)] if piece.begins else []
        return [*begin, Stage(piece), *self._swap_if_settled(piece.session, staging)]

    def _swap_if_settled(self, session: SessionId, staging: Staging) -> list[ImportAction]:
        """Swap the staged records in as soon as they are a state that the source once had."""
        if staging.settles_at is None or staging.position < staging.settles_at:
            return []
        cursor = Cursor(session.term, staging.position)
        self.progress = replace(self.progress, cursor=cursor, staging=None)
        return [SwapIn(session)]

    def _move_to(self, batch: Batch) -> None:
        self.progress = replace(self.progress, cursor=Cursor(batch.session.term, batch.last))
