"""The exporting end of a stream's protocol: events in, actions out; no clock, no socket, no database.

Invariants that this machine keeps
- What is sent in a session is numbered 1, 2, 3 … without a gap, and its positions follow one another.
- A session begins where the importer durably stands, never where we believe it to stand.
- The acknowledged position follows from the importer's word alone.
- At most `window` batches and pieces are unacknowledged (canaries come on top, one at a time).

One rule serves start, take-over, reconnect, gap and reorder: open a new session at the importer's cursor. So
every trouble ends in `_retreat`, which forgets the session, and the next tick opens another.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from twinpool.protocol.export_steps import (
    Collect,
    Collected,
    ExportAction,
    ExportEvent,
    Heard,
    LinkDown,
    LinkUp,
    LogBounds,
    NotDelivered,
    NoteAcknowledged,
    NoteAttempt,
    NoteOpened,
    ReadBounds,
    ReadFailed,
    Send,
    StepDown,
    SyncAsked,
    Tick,
    Walk,
    Walked,
)
from twinpool.protocol.messages import (
    Acknowledgement,
    Batch,
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
from twinpool.vocabulary.change import ChangeSet, RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Term
from twinpool.vocabulary.session import Cursor, SessionId, Staging

FIRST_PAUSE = 1.0  #: seconds before a session is opened again after trouble; doubled each time in vain
LONGEST_PAUSE = 15.0  #: seconds; well below the time that an `Open` lives in a queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the exporter may have under way."""

    window: int = 8  #: unacknowledged batches and pieces
    ack_timeout: float = 30.0  #: seconds; a canary goes after a third of it


class Phase(enum.Enum):
    """What an exporter is at."""

    DOWN = "down"  #: no link
    RESTING = "resting"  #: waiting to open a session (again)
    OPENING = "opening"  #: an open is under way
    WALKING = "walking"  #: sending a snapshot
    STREAMING = "streaming"  #: sending batches
    ENDED = "ended"  #: stepped down


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch or piece that is not acknowledged yet."""

    number: int
    last: Position
    digest: bytes
    is_canary: bool  #: does not count against the window
    staged: bool  #: goes to the staged records


@dataclass(slots=True)
class _Run:
    """What is remembered of the session under way, and forgotten with it."""

    session: SessionId
    bounds: LogBounds
    confirmed: Position = ORIGIN  #: the importer has said that it holds everything up to here
    read_to: Position = ORIGIN  #: the log has been read and sent up to here
    walked_to: RecordKey | None = None
    begins_walk: bool = False  #: the next piece is the first of a new snapshot
    settles_at: Position | None = None  #: batches up to here go to the staged records
    next_number: int = 1
    acknowledged_number: int = 0
    unacknowledged: deque[_Sent] = field(default_factory=deque)


class Exporting:
    """One exporter of one route, from the start of a term of office of the active front end to its end."""

    def __init__(self, term: Term, generation: Generation, limits: Limits) -> None:
        self.phase = Phase.DOWN
        self.sessions_opened = 0
        self.cause = "start"  #: why the next session is opened; for logs and counters
        self._term, self._generation = term, generation
        self.limits = limits  #: may be changed at any time
        self._number = 0
        self._run: _Run | None = None
        self._resend_all = False
        self._failing = False
        self._pause = FIRST_PAUSE
        self._rest_until = 0.0
        self._opened_at = 0.0
        self._sent_at = 0.0
        self._heard_at = 0.0

    def handle(self, event: ExportEvent, now: float) -> list[ExportAction]:
        """Take an event in and say what is to be done, in this order. `now` is monotonic, in seconds."""
        match event:
            case LinkUp():
                return self._link_up(now)
            case LinkDown(reason):
                self._run, self.phase, self.cause = None, Phase.DOWN, "link"
                return self._fail(f"no connection to the broker: {reason}")
            case LogBounds():
                return self._open(event, now)
            case Collected():
                return self._send_batch(event, now)
            case Walked():
                return self._send_piece(event, now)
            case Heard(message):
                return self._hear(message, now)
            case NotDelivered(session, reason):
                current = self._run is not None and self._run.session == session
                return self._retreat(now, "undelivered", f"not delivered: {reason}") if current else []
            case ReadFailed(reason):
                return self._retreat(now, "store", reason)
            case SyncAsked(full):
                return self._sync(full=full, now=now)
            case Tick():
                return self._tick(now)
            case _:
                assert_never(event)

    def wanted(self) -> Collect | Walk | None:
        """Say what should be read next; None while the window is full or there is no session."""
        run = self._run
        if run is None or sum(not sent.is_canary for sent in run.unacknowledged) >= self.limits.window:
            return None
        if self.phase is Phase.WALKING:
            return Walk(run.walked_to)
        return Collect(run.read_to) if self.phase is Phase.STREAMING else None

    # ── opening ─────────────────────────────────────────────────────────────────────────────────────────────

    def _link_up(self, now: float) -> list[ExportAction]:
        if self.phase is not Phase.DOWN:
            return []
        self.phase, self._rest_until, self._pause = Phase.RESTING, now, FIRST_PAUSE
        return self._tick(now)

    def _open(self, bounds: LogBounds, now: float) -> list[ExportAction]:
        if self.phase is not Phase.RESTING:
            return []
        self._number += 1
        self.sessions_opened += 1
        session = SessionId(self._term, self._generation, self._number)
        self._run = _Run(session=session, bounds=bounds)
        self.phase, self._opened_at = Phase.OPENING, now
        return [Send(Open(session=session, oldest=bounds.oldest, head=bounds.head)), NoteAttempt(None)]

    def _retreat(self, now: float, cause: str, failure: str | None, *, at_once: bool = False) -> list[ExportAction]:
        """Forget the session and open another after a pause that grows while nothing is acknowledged.

        `at_once` spares the first pause, for trouble that a new session cures.
        """
        if self.phase in {Phase.DOWN, Phase.ENDED}:
            return []
        if self.phase is not Phase.RESTING or now >= self._rest_until:
            spared = at_once and self._pause <= FIRST_PAUSE
            self._rest_until = now if spared else now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._run, self.phase, self.cause = None, Phase.RESTING, cause
        return [] if failure is None else self._fail(failure)

    def _fail(self, reason: str) -> list[ExportAction]:
        """Note a failure, which stands until something is acknowledged: a retry must not hide it."""
        self._failing = True
        return [NoteAttempt(reason)]

    def _reopen_now(self, now: float, cause: str) -> list[ExportAction]:
        self._run, self.phase, self.cause, self._rest_until = None, Phase.RESTING, cause, now
        return self._tick(now)

    def _sync(self, *, full: bool, now: float) -> list[ExportAction]:
        self._resend_all |= full
        return [] if self.phase in {Phase.DOWN, Phase.ENDED} else self._reopen_now(now, "sync")

    def _tick(self, now: float) -> list[ExportAction]:
        match self.phase:
            case Phase.RESTING if now >= self._rest_until:
                return [ReadBounds()]
            case Phase.OPENING if now >= self._opened_at + self._pause:
                return self._ask_again(now)
            case Phase.WALKING | Phase.STREAMING:
                return self._watch(now)
            case _:
                return []

    def _ask_again(self, now: float) -> list[ExportAction]:
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self._reopen_now(now, "unanswered")

    def _watch(self, now: float) -> list[ExportAction]:
        """Send a canary when nothing was sent for a third of the timeout; give up on a silent importer.

        A canary goes even while batches are unacknowledged: its number shows the importer what it has missed.
        """
        if now - self._heard_at >= self.limits.ack_timeout:
            silence = f"the backup pool has acknowledged nothing for {now - self._heard_at:.0f} s"
            return self._retreat(now, "silence", silence)
        if now - max(self._sent_at, self._heard_at) >= self.limits.ack_timeout / 3:
            return self._send_canary(now)
        return []

    # ── sending ─────────────────────────────────────────────────────────────────────────────────────────────

    def _send_batch(self, collected: Collected, now: float) -> list[ExportAction]:
        if self.phase is not Phase.STREAMING or not collected.change_sets:
            return []
        return self._send(lambda run: self._batch(run, collected.change_sets, collected.head), now)

    def _send_canary(self, now: float) -> list[ExportAction]:
        return self._send(lambda run: self._batch(run, (), run.bounds.head), now)

    def _batch(self, run: _Run, change_sets: Sequence[ChangeSet], head: Position) -> Batch:
        after = run.read_to
        run.read_to = change_sets[-1].position if change_sets else after
        run.bounds = replace(run.bounds, head=max(head, run.bounds.head))
        return Batch(
            session=run.session,
            number=run.next_number,
            after=after,
            last=run.read_to,
            head=run.bounds.head,
            staged=run.settles_at is not None and after < run.settles_at,
            change_sets=change_sets,
            digest=digest_of_change_sets(change_sets),
        )

    def _send_piece(self, walked: Walked, now: float) -> list[ExportAction]:
        if self.phase is not Phase.WALKING:
            return []
        actions = self._send(lambda run: self._piece(run, walked), now)
        if walked.settles_at is not None:
            self.phase = Phase.STREAMING
        return actions

    def _piece(self, run: _Run, walked: Walked) -> Piece:
        begins, walked_from = run.begins_walk, run.walked_to
        run.begins_walk, run.settles_at = False, walked.settles_at
        if walked.records:
            run.walked_to = RecordKey(*walked.records[-1][:2])
        return Piece(
            session=run.session,
            number=run.next_number,
            begins=begins,
            position=run.read_to,
            walked_from=walked_from,
            walked_to=run.walked_to,
            settles_at=walked.settles_at,
            records=walked.records,
            digest=digest_of_records(walked.records),
        )

    def _send(self, make: Callable[[_Run], Batch | Piece], now: float) -> list[ExportAction]:
        run = self._run
        if run is None:
            return []
        message = make(run)
        is_canary = isinstance(message, Batch) and message.is_canary
        staged = isinstance(message, Piece) or message.staged
        run.unacknowledged.append(_Sent(run.next_number, run.read_to, message.digest, is_canary, staged))
        run.next_number += 1
        self._sent_at = now
        return [Send(message)]

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, message: FromImporter, now: float) -> list[ExportAction]:
        run = self._run
        if run is None or message.session != run.session:
            return []  # The word of an older session says nothing about this one.
        match message:
            case Opened():
                return self._opened(run, message, now) if self.phase is Phase.OPENING else []
            case Acknowledgement():
                return [] if self.phase is Phase.OPENING else self._acknowledged(run, message, now)
            case Reopen():
                return self._retreat(now, "reopen", None, at_once=True) + self._tick(now)
            case Refused():
                return self._refused(message, now)
            case _:
                assert_never(message)

    def _opened(self, run: _Run, message: Opened, now: float) -> list[ExportAction]:
        self._heard_at = self._sent_at = now
        stands_at = message.cursor.position if message.cursor else ORIGIN
        ahead = stands_at > run.bounds.head
        run.confirmed = ORIGIN if ahead else stands_at
        noted: list[ExportAction] = [NoteOpened(run.confirmed)]
        if ahead and not self._resend_all:
            # Our store has gone back in time, or is another one. To overwrite the partner is an operator's decision.
            stands = f"the backup pool stands at {stands_at}, ahead of our log at {run.bounds.head}"
            return noted + self._retreat(
                now, "diverged", f"{stands}: check which side is right, then force a full sync"
            )
        self._choose_beginning(run, message.cursor, message.staging)
        # Where nothing is to be sent, a canary asks for the proof; else the batches do, and a canary before them
        # would be acknowledged even where the batches cannot be applied.
        idle = self.phase is Phase.STREAMING and run.read_to >= run.bounds.head
        return noted + (self._send_canary(now) if idle else [])

    def _choose_beginning(self, run: _Run, cursor: Cursor | None, staging: Staging | None) -> None:
        """Stream from the cursor where the log reaches back to it, else from a snapshot, an unfinished one first."""
        bounds = run.bounds
        if self._resend_all:
            self._resend_all = False
            self._begin_walk(run)
        elif staging and bounds.oldest <= staging.position <= bounds.head:
            run.read_to, run.walked_to, run.settles_at = staging.position, staging.walked_to, staging.settles_at
            self.phase = Phase.WALKING if staging.settles_at is None else Phase.STREAMING
        elif cursor and bounds.oldest <= cursor.position:
            run.read_to, self.phase = cursor.position, Phase.STREAMING
        elif cursor is None and bounds.oldest == ORIGIN:
            run.read_to, self.phase = ORIGIN, Phase.STREAMING
        else:
            self._begin_walk(run)

    def _begin_walk(self, run: _Run) -> None:
        run.begins_walk, run.read_to, self.phase = True, run.bounds.settled, Phase.WALKING

    def _acknowledged(self, run: _Run, message: Acknowledgement, now: float) -> list[ExportAction]:
        if not run.acknowledged_number <= message.number < run.next_number:
            return []
        newest: _Sent | None = None
        while run.unacknowledged and run.unacknowledged[0].number <= message.number:
            newest = run.unacknowledged.popleft()
        run.acknowledged_number, self._heard_at = message.number, now
        if newest is not None:
            if not self._agrees(run, newest, message):
                return self._retreat(now, "digest", "the backup pool applied something else than we sent")
            self._pause, self._failing = FIRST_PAUSE, False
        # A repeated number says that the importer lives and still stands there; it does not cure a failure.
        return [] if self._failing else [NoteAcknowledged(run.confirmed)]

    def _agrees(self, run: _Run, sent: _Sent, message: Acknowledgement) -> bool:
        """Whether the importer applied what we sent, and stands where that ends; remember it as confirmed."""
        if sent.digest != message.digest:
            return False
        stands_at = message.cursor.position if message.cursor else None
        if sent.staged and (run.settles_at is None or sent.last < run.settles_at):
            return True  # Staged aside: the importer's cursor has nothing to do with this run yet.
        run.confirmed = sent.last
        return stands_at == sent.last

    def _refused(self, message: Refused, now: float) -> list[ExportAction]:
        if message.refusal is Refusal.HIGHER_TERM and message.term is not None and message.term > self._term:
            self._run, self.phase = None, Phase.ENDED
            return [*self._fail(message.reason), StepDown(message.term)]
        return self._retreat(now, message.refusal.value, f"the backup pool refuses: {message.reason}")
