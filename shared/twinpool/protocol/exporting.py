"""The exporting end of a stream's protocol: events in, actions out; no clock, no socket, no database.

Invariants that this machine keeps (those of what is sent stand in `export_run`)
- A session begins where the importer durably stands, never where we believe it to stand.
- The acknowledged position follows from the importer's word alone.
- At most `window` batches and pieces are unacknowledged (canaries come on top).
- A failure is noted until the importer has something that it had not: a canary among unsent changes proves life,
  not that backing up works again.

One rule serves start, take-over, reconnect, gap and reorder: open a new session at the importer's cursor. So
every trouble ends in `_retreat`, which forgets the session, and the next tick opens another.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from twinpool.protocol.export_run import Heed, Resend, Run
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
    Outgrow,
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
)
from twinpool.vocabulary.names import HIGHEST_GENERATION, ORIGIN, Generation, Position, Term
from twinpool.vocabulary.session import SessionId

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


class Exporting:
    """One exporter of one route, from the start of a term of office of the active front end to its end."""

    def __init__(self, term: Term, generation: Generation, limits: Limits, *, failing: bool = False) -> None:
        """Begin without a link. `failing`: the ledger holds a failure, which this exporter has to cure first."""
        self.phase = Phase.DOWN
        self.sessions_opened = 0
        self.cause = "start"  #: why the next session is opened; for logs and counters
        self._term, self._generation = term, generation
        self.limits = limits  #: may be changed at any time
        self._number = 0
        self._run: Run | None = None
        self._resend = Resend.NO
        self._seen_ahead = False
        self._reopened = False  # asked to, with nothing acknowledged since
        self._outgrowing = False  # asked to be, and not heard that it failed
        self._failing = failing
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
                return self._link_down(reason)
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
                self._outgrowing = False
                return self._retreat(now, "store", reason)
            case SyncAsked(full):
                return self._sync(full=full, now=now)
            case Tick():
                return self._tick(now)
            case _:
                assert_never(event)

    @property
    def full_sync_waits(self) -> bool:
        """Whether a full sync was asked for of which the importer has nothing yet; once it has, it knows itself."""
        return self._resend is Resend.WANTED

    @property
    def session(self) -> SessionId | None:
        """The session under way, None if there is none."""
        return self._run.session if self._run is not None else None

    @property
    def in_flight(self) -> int:
        """How many batches and pieces are unacknowledged, of the `window` that may be."""
        return 0 if self._run is None else self._run.in_flight

    @property
    def read_to(self) -> Position | None:
        """Up to where the log has been read and sent in this session, None if there is none."""
        return self._run.read_to if self._run is not None else None

    def silent_for(self, now: float) -> float:
        """Seconds since the importer was last heard in this session; 0 while there is none."""
        return now - self._heard_at if self.phase in {Phase.WALKING, Phase.STREAMING} else 0.0

    def wanted(self) -> Collect | Walk | None:
        """Say what should be read next; None while the window is full or there is no session."""
        streaming = self.phase in {Phase.WALKING, Phase.STREAMING}
        return self._run.wanted(self.limits.window) if self._run is not None and streaming else None

    # ── opening ─────────────────────────────────────────────────────────────────────────────────────────────

    def _link_up(self, now: float) -> list[ExportAction]:
        if self.phase is not Phase.DOWN:
            return []
        self.phase, self._rest_until, self._pause = Phase.RESTING, now, FIRST_PAUSE
        return self._tick(now)

    def _link_down(self, reason: str) -> list[ExportAction]:
        if self.phase is Phase.ENDED:
            return []  # Another pool serves the home now; no link brings that back.
        self._run, self.phase, self.cause = None, Phase.DOWN, "link"
        return self._fail(f"no connection to the broker: {reason}")

    def _open(self, bounds: LogBounds, now: float) -> list[ExportAction]:
        if self.phase is not Phase.RESTING:
            return []
        self._number += 1
        self.sessions_opened += 1
        session = SessionId(self._term, self._generation, self._number)
        self._run = Run(session=session, bounds=bounds)
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

    def _reopen_soon(self, now: float, cause: str) -> list[ExportAction]:
        """Open another session, at once for the first time, which cures this kind of trouble; it is no failure."""
        return self._retreat(now, cause, None, at_once=True) + self._tick(now)

    def _asked_to_reopen(self, reason: str, now: float) -> list[ExportAction]:
        """Do so; but when it is asked for again, with nothing acknowledged in between, backing up has failed."""
        again, self._reopened = self._reopened, True
        noted = self._fail(f"the backup pool asks to begin anew again and again: {reason}") if again else []
        return noted + self._reopen_soon(now, "reopen")

    def _fail(self, reason: str) -> list[ExportAction]:
        """Note a failure, which stands until something is acknowledged: a retry must not hide it."""
        self._failing = True
        return [NoteAttempt(reason)]

    def _reopen_now(self, now: float, cause: str) -> list[ExportAction]:
        self._run, self.phase, self.cause, self._rest_until = None, Phase.RESTING, cause, now
        return self._tick(now)

    def _sync(self, *, full: bool, now: float) -> list[ExportAction]:
        self._resend = Resend.WANTED if full else self._resend
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
        run = self._run
        if run is None or self.phase is not Phase.STREAMING:
            return []
        if collected.oldest > run.read_to:
            # The log was pruned before the importer had it: what was read now may lie behind a gap.
            return self._reopen_soon(now, "pruned")
        if not collected.change_sets:
            return []
        return self._send(lambda run: run.batch(collected.change_sets, collected.head), now)

    def _send_canary(self, now: float) -> list[ExportAction]:
        return self._send(lambda run: run.batch((), run.bounds.head), now)

    def _send_piece(self, walked: Walked, now: float) -> list[ExportAction]:
        if self.phase is not Phase.WALKING:
            return []
        actions = self._send(lambda run: run.piece(walked), now)
        if walked.settles_at is not None:
            self.phase = Phase.STREAMING
        return actions

    def _send(self, make: Callable[[Run], Batch | Piece], now: float) -> list[ExportAction]:
        if self._run is None:
            return []
        self._sent_at = now
        return [Send(make(self._run))]

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
            case Reopen(reason=reason):
                return self._asked_to_reopen(reason, now)
            case Refused():
                return self._refused(message, now)
            case _:
                assert_never(message)

    def _opened(self, run: Run, message: Opened, now: float) -> list[ExportAction]:
        self._heard_at = self._sent_at = now
        stands_at = message.cursor.position if message.cursor else ORIGIN
        ahead = f"the backup pool stands at {stands_at}, ahead of our log at {run.bounds.head}"
        is_ahead = stands_at > run.bounds.head
        if is_ahead and self._resend is Resend.NO:
            return self._ahead(ahead, now)
        self._seen_ahead = False
        run.begin(message.cursor, message.staging, self._resend)
        # What is replaced by a snapshot although the log reaches back to it may be of another history: no proof.
        run.confirmed = ORIGIN if run.is_snapshot and stands_at >= run.bounds.oldest else stands_at
        self.phase = Phase.WALKING if run.walking else Phase.STREAMING
        failed = self._fail(f"{ahead}: everything is being sent anew") if is_ahead else []
        # Where nothing is to be sent, a canary asks for the proof; else the batches do, and a canary before them
        # would be acknowledged even where the batches cannot be applied.
        return [*failed, NoteOpened(run.confirmed), *(self._send_canary(now) if run.is_idle else [])]

    def _ahead(self, ahead: str, now: float) -> list[ExportAction]:
        """Our store has gone back in time, or is another one. To overwrite the partner is an operator's decision.

        Only when it is seen twice in a row: a former active front end that woke up late may have sent, in the session
        before, what was committed after we looked at our log.
        """
        if not self._seen_ahead:
            self._seen_ahead = True
            return self._reopen_soon(now, "ahead")
        advice = f"{ahead}: check which side is right, then force a full sync"
        # The failure first: where our log is empty, the origin alone would look as if everything were there.
        return [*self._retreat(now, "diverged", advice), NoteOpened(ORIGIN)]

    def _acknowledged(self, run: Run, message: Acknowledgement, now: float) -> list[ExportAction]:
        heed = run.heed(message)
        if heed is Heed.IGNORED:
            return []
        self._heard_at = now
        if heed is Heed.DISAGREES:
            return self._retreat(now, "digest", "the backup pool applied something else than we sent")
        if heed is Heed.PROGRESS:
            self._pause, self._failing, self._reopened = FIRST_PAUSE, False, False
            if run.forced:
                self._resend = Resend.NO if run.in_step else Resend.BEGUN
        # A sign of life says that the importer still stands there; it does not cure a failure.
        return [] if self._failing else [NoteAcknowledged(run.confirmed)]

    def _refused(self, message: Refused, now: float) -> list[ExportAction]:
        if message.refusal is Refusal.HIGHER_TERM and message.term is not None and message.term > self._term:
            self._run, self.phase = None, Phase.ENDED
            return [*self._fail(message.reason), StepDown(message.term)]
        noted = message.noted
        if message.refusal is Refusal.NEWER_SESSION and noted is not None and noted.term == self._term:
            return self._outnumbered(message.session, noted, now)
        return self._retreat(now, message.refusal.value, f"the backup pool refuses: {message.reason}")

    def _outnumbered(self, session: SessionId, noted: SessionId, now: float) -> list[ExportAction]:
        """Another one like us was in office after us, or our store has gone back in time and counts anew.

        If we hold the lease all the same it is the latter, and somebody with a generation above the noted one has to
        go on; where the partner stands will then show what our log can do for it.
        """
        newer = f"the backup pool has noted session {noted} of ours, which is newer than {session}"
        if noted.generation > HIGHEST_GENERATION:
            return self._retreat(now, "outnumbered", f"{newer}, and too high to be true: only a higher term helps")
        failed = self._retreat(now, "outnumbered", f"{newer}: has our store been lost or restored?")
        if self._outgrowing or noted.generation < self._generation:
            return failed
        self._outgrowing = True
        return [*failed, Outgrow(noted.generation)]
