"""What an exporter remembers of the session under way, and forgets with it.

Invariants that a run keeps
- What is sent is numbered 1, 2, 3 … without a gap, and its positions follow one another.
- For everything sent it is known where the importer's cursor must stand once it is acknowledged: nowhere in
  particular while it is staged aside, else at its last position. An acknowledgement that says otherwise is refused.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from twinpool.protocol.export_steps import Collect, LogBounds, Walk, Walked
from twinpool.protocol.messages import Acknowledgement, Batch, Piece, digest_of_change_sets, digest_of_records
from twinpool.vocabulary.change import ChangeSet, RecordKey
from twinpool.vocabulary.names import ORIGIN, Instant, Position
from twinpool.vocabulary.session import Cursor, SessionId, Staging


class Resend(enum.Enum):
    """How far an operator's wish has come that everything be sent anew."""

    NO = enum.auto()  #: there is none, or it is fulfilled
    WANTED = enum.auto()  #: the next session begins a new snapshot
    BEGUN = enum.auto()  #: a piece of that snapshot is at the importer, so that it may be resumed


class Heed(enum.Enum):
    """What an acknowledgement comes to."""

    IGNORED = enum.auto()  #: of something never sent, or overtaken by a later one
    ALIVE = enum.auto()  #: the importer lives, and stands where it stood
    PROGRESS = enum.auto()  #: the importer has what it had not: backing up works
    DISAGREES = enum.auto()  #: the importer has applied something else than was sent


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch or piece that is not acknowledged yet."""

    number: int
    digest: bytes
    is_canary: bool  #: does not count against the window
    proves: bool  #: an importer that has it has something new, or there is nothing that it could lack
    stands: Position | None  #: where the importer's cursor stands then; None: it is staged aside


@dataclass(slots=True)
class Run:
    """One session, from its opening on."""

    session: SessionId
    bounds: LogBounds
    forced: bool = False  #: an operator has asked for this snapshot
    confirmed: Position = ORIGIN  #: the importer has said that it holds everything up to here
    in_step: bool = False  #: the importer has said so in this session, and nothing is staged aside any more
    read_to: Position = ORIGIN  #: the log has been read and sent up to here
    walking: bool = False  #: a snapshot is being sent, and its end has not been reached
    walked_to: RecordKey | None = None
    begins_walk: bool = False  #: the next piece is the first of a new snapshot
    settles_at: Position | None = None  #: batches up to here go to the staged records
    next_number: int = 1
    acknowledged_number: int = 0
    told_at: Instant | None = None  #: by the importer's clock: time of the newest acknowledgement
    unacknowledged: deque[_Sent] = field(default_factory=deque)

    # ── where it begins ─────────────────────────────────────────────────────────────────────────────────────

    def begin(self, cursor: Cursor | None, staging: Staging | None, resend: Resend) -> None:
        """Stream from the cursor where the log reaches back to it, else from a snapshot, an unfinished one first."""
        self.forced = resend is not Resend.NO
        if resend is Resend.WANTED:
            self._walk_anew()
        elif staging is not None and self._can_resume(staging):
            self.read_to, self.walked_to, self.settles_at = staging.position, staging.walked_to, staging.settles_at
            self.walking = staging.settles_at is None
        elif resend is Resend.BEGUN or (staging is not None and self._is_ahead(staging)):
            self._walk_anew()  # What is staged is of no use, and must not be taken up once the log has grown past it.
        elif (cursor is None and self.bounds.oldest == ORIGIN) or (cursor and self.bounds.oldest <= cursor.position):
            self.read_to = cursor.position if cursor else ORIGIN
        else:
            self._walk_anew()

    def _can_resume(self, staging: Staging) -> bool:
        return self.bounds.oldest <= staging.position and not self._is_ahead(staging)

    def _is_ahead(self, staging: Staging) -> bool:
        return max(staging.position, staging.settles_at or ORIGIN) > self.bounds.head

    def _walk_anew(self) -> None:
        self.begins_walk, self.walking, self.read_to = True, True, self.bounds.settled

    # ── what it sends ───────────────────────────────────────────────────────────────────────────────────────

    def wanted(self, window: int) -> Collect | Walk | None:
        """Say what should be read next; None while the window is full."""
        if self.in_flight >= window:
            return None
        return Walk(self.walked_to) if self.walking else Collect(self.read_to)

    @property
    def in_flight(self) -> int:
        """How many batches and pieces are unacknowledged; canaries come on top. May be asked from any thread."""
        return sum(not sent.is_canary for sent in tuple(self.unacknowledged))

    @property
    def is_snapshot(self) -> bool:
        """Whether what is sent goes to staged records, at least at first."""
        return self.walking or not self._is_settled(self.read_to)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to be sent, as far as is known."""
        return not self.walking and self.read_to >= self.bounds.head

    def batch(self, change_sets: Sequence[ChangeSet], head: Position) -> Batch:
        """Make the next batch; without change sets it is a canary."""
        after = self.read_to
        last = change_sets[-1].position if change_sets else after
        self.bounds = replace(self.bounds, head=max(head, self.bounds.head))
        batch = Batch(
            session=self.session,
            number=self.next_number,
            after=after,
            last=last,
            head=self.bounds.head,
            staged=self.walking or not self._is_settled(after),
            change_sets=change_sets,
            digest=digest_of_change_sets(change_sets),
        )
        self.read_to = last
        self._remember(batch.digest, is_canary=batch.is_canary)
        return batch

    def piece(self, walked: Walked) -> Piece:
        """Make the next piece of the snapshot."""
        walked_from = self.walked_to
        if walked.records:
            self.walked_to = RecordKey(*walked.records[-1][:2])
        piece = Piece(
            session=self.session,
            number=self.next_number,
            begins=self.begins_walk,
            position=self.read_to,
            walked_from=walked_from,
            walked_to=self.walked_to,
            settles_at=walked.settles_at,
            records=walked.records,
            digest=digest_of_records(walked.records),
        )
        self.begins_walk, self.settles_at, self.walking = False, walked.settles_at, walked.settles_at is None
        self._remember(piece.digest, is_canary=False)
        return piece

    def _is_settled(self, position: Position) -> bool:
        return self.settles_at is None or position >= self.settles_at

    def _remember(self, digest: bytes, *, is_canary: bool) -> None:
        stands = self.read_to if not self.walking and self._is_settled(self.read_to) else None
        proves = not is_canary or self.is_idle
        self.unacknowledged.append(_Sent(self.next_number, digest, is_canary, proves, stands))
        self.next_number += 1

    # ── what it hears ───────────────────────────────────────────────────────────────────────────────────────

    def heed(self, message: Acknowledgement) -> Heed:
        """Take an acknowledgement in; `confirmed` moves only with one that agrees with what was sent."""
        if not self.acknowledged_number <= message.number < self.next_number:
            return Heed.IGNORED
        if message.number == self.acknowledged_number and self._was_told(message.imported_at):
            return Heed.IGNORED  # It was said before: shown again, by whomever, it is no sign of life.
        self.told_at = message.imported_at
        self.acknowledged_number = message.number
        popped: list[_Sent] = []
        while self.unacknowledged and self.unacknowledged[0].number <= message.number:
            popped.append(self.unacknowledged.popleft())
        if not popped:
            return Heed.ALIVE
        newest = popped[-1]
        if newest.digest != message.digest or newest.stands not in {None, _position_of(message.cursor)}:
            return Heed.DISAGREES
        if newest.stands is not None:
            self.confirmed, self.in_step = newest.stands, True
        return Heed.PROGRESS if any(sent.proves for sent in popped) else Heed.ALIVE

    def _was_told(self, at: Instant) -> bool:
        return self.told_at is not None and at <= self.told_at


def _position_of(cursor: Cursor | None) -> Position:
    return cursor.position if cursor else ORIGIN
