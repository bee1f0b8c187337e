"""The machine of the pool that takes over: planned with the source's consent, or alone after a disaster.

Invariants that this machine keeps
- A step is saved before anything is said or done that relies on it. Whoever performs the actions does so in order and,
  when one fails, leaves the rest and builds a new machine from what is stored: that is how an operation is resumed.
- `HandOver` is said only while our imports stand at the heads that it names. So wherever the source gives up, we hold
  everything up to there, and a disaster failover that comes in between begins the term at the same positions.
- After `HANDING_OVER` only the source's word (`Objected`, `Aborted`) leads back: it may have given up unheard.
- After `HANDED_OVER` nothing leads back, save a higher term.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from twinpool.failover.messages import (
    Abort,
    Aborted,
    FailoverMessage,
    HandedOver,
    HandOver,
    Objected,
    Quiesce,
    Quiesced,
    Standing,
    StandingWanted,
    ToCoordinator,
    VerificationTold,
)
from twinpool.failover.operation import Heads, Kind, Operation, Step, Verification
from twinpool.vocabulary.home import HomeStatus, TermBeginning
from twinpool.vocabulary.names import Instant

REPEAT = 1.0  #: seconds after which what has not been answered is said again
PATIENCE = 20.0  #: seconds without a word of us after which the source may take writes again
CONFIRMING = 30.0  #: seconds for which the source's word is asked for once we serve

# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; also the first event of each machine, which then goes on where the operation stands."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The source said something."""

    message: ToCoordinator | Standing


@dataclass(frozen=True, slots=True)
class CursorsRead:
    """The answer to `ReadCursors`: where our imports stand; ORIGIN for one that stands nowhere."""

    positions: Heads


@dataclass(frozen=True, slots=True)
class Verified:
    """An answer to `Verify`, where it is known at once; else the source tells (`VerificationTold`)."""

    passed: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class QueuesApplied:
    """The answer to `ApplyQueues`."""


@dataclass(frozen=True, slots=True)
class TookOver:
    """The answer to `TakeOver`."""

    beginnings: tuple[TermBeginning, ...]


@dataclass(frozen=True, slots=True)
class AbortAsked:
    """An operator wants it aborted, or another operation needs to go first. Without effect unless `may_abort`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Superseded:
    """A disaster failover goes first. It ends this one at once, for the source may never answer again."""

    reason: str


CoordinatingEvent = Tick | Heard | CursorsRead | Verified | QueuesApplied | TookOver | AbortAsked | Superseded

# ── actions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Save:
    """Make the operation durable (fenced by the generation), before the actions that follow."""

    operation: Operation


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something to the partner; it is said again until it is answered."""

    message: FailoverMessage


@dataclass(frozen=True, slots=True)
class ReadCursors:
    """Read where our imports of its modules stand, then tell `CursorsRead`."""


@dataclass(frozen=True, slots=True)
class Verify:
    """Have both pools' records compared, again until it is told; the source is read-only, and we stand at its heads."""


@dataclass(frozen=True, slots=True)
class ApplyQueues:
    """Apply what still lies in our queues, then tell `QueuesApplied`."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Call `Terms.take_over`, unless our status is (term, we) already; then tell `TookOver` with its history."""

    operation: Operation


CoordinatingAction = Save | Tell | ReadCursors | Verify | ApplyQueues | TakeOver


class Coordinating:
    """One operation at its target, from when an active front end takes it up to its end or that front end's."""

    def __init__(self, operation: Operation) -> None:
        """Go on with an operation as it is stored; the first `Tick` says what is to be done."""
        self.operation = operation
        self._said_at: Instant | None = None
        self._applying = False
        self._verifying_at: Instant | None = None  # when the source last said that it is at it

    def handle(self, event: CoordinatingEvent, status: HomeStatus, now: Instant) -> list[CoordinatingAction]:
        """Take an event in and say what is to be done, in this order. `status` is what is durably known now."""
        if self.operation.has_ended:
            return []
        if self.operation.is_superseded_by(status):
            reason = f"{status.serving_pool} serves in term {status.term}, which is higher than {self.operation.term}"
            return self._end(Step.ABORTED, now, failure=reason)
        match event:
            case Tick():
                return self._tick(status, now)
            case Heard(message):
                return self._hear(message, now)
            case CursorsRead(positions):
                return self._cursors_read(positions, now)
            case Verified(passed, detail):
                return self._verified(now, passed=passed, detail=detail)
            case QueuesApplied():
                return self._queues_applied(now)
            case TookOver(beginnings):
                return self._took_over(beginnings, now)
            case AbortAsked(reason):
                return self._abort(reason, now)
            case Superseded(reason):
                return self._end(Step.ABORTED, now, failure=reason)
            case _:
                assert_never(event)

    def _tick(self, status: HomeStatus, now: Instant) -> list[CoordinatingAction]:
        if self._said_at is not None and now < self._said_at + REPEAT:
            return self._look_again()
        self._said_at = now
        if status.term == self.operation.term and self.operation.step is not Step.SERVING:
            return [TakeOver(self.operation)]  # Somebody has done so already: a crash came before it was noted.
        return self._do_step(now)

    def _look_again(self) -> list[CoordinatingAction]:
        """Between two words to the source: users wait, so what may have come to an end is looked at more often."""
        mine = self.operation
        if mine.step is Step.QUIESCED:
            return [ReadCursors()]
        verifying = mine.step is Step.DRAINED and mine.kind is Kind.PLANNED and not mine.options.skip_verification
        return [Verify()] if verifying else []

    def _do_step(self, now: Instant) -> list[CoordinatingAction]:
        """Say and do (again) what the present step owes."""
        mine = self.operation
        match mine.step:
            case Step.REQUESTED:
                return self._request(now)
            case Step.QUIESCED | Step.DRAINED if mine.kind is Kind.PLANNED:
                return self._wait(now)
            case Step.VERIFIED:
                return self._hand_over(now)
            case Step.HANDING_OVER:
                return [Tell(HandOver(operation=mine.id, term=mine.term, heads=mine.heads))]
            case Step.HANDED_OVER | Step.DRAINED:
                return [TakeOver(mine)]
            case Step.SERVING:
                return self._confirm(now)
            case Step.ABORTING:
                return [Tell(Abort(operation=mine.id, term=mine.term, reason=mine.failure or "aborted"))]
            case _:
                return []

    def _request(self, now: Instant) -> list[CoordinatingAction]:
        if self.operation.kind is Kind.PLANNED:
            late = "the source has not answered in time"
            return self._abort(late, now) if self.operation.has_waited(now, self._verifying_at) else [self._quiesce()]
        if self._applying:
            return []
        self._applying = True
        return [ApplyQueues()]

    def _quiesce(self) -> CoordinatingAction:
        """Ask for read-only, or show that we are still at it."""
        return Tell(Quiesce(operation=self.operation.id, term=self.operation.term, patience=PATIENCE))

    def _wait(self, now: Instant) -> list[CoordinatingAction]:
        mine = self.operation
        if self.operation.has_waited(now, self._verifying_at):
            return self._abort(f"still {mine.step} after {mine.options.wait_time:.0f} s", now)
        if mine.step is Step.QUIESCED:
            return [self._quiesce(), ReadCursors()]
        return [self._quiesce(), *self._verify(now)]

    def _verify(self, now: Instant) -> list[CoordinatingAction]:
        if self.operation.options.skip_verification:
            return self._verified(now, passed=True, detail="")
        return [Verify()]

    def _hand_over(self, now: Instant) -> list[CoordinatingAction]:
        if self.operation.options.prepare_only:
            return self._abort("prepared; the home was not to be handed over", now)
        return [*self._reach(Step.HANDING_OVER, now), *self._do_step(now)]

    def _confirm(self, now: Instant) -> list[CoordinatingAction]:
        since = self.operation.reached(Step.SERVING)
        if self.operation.kind is Kind.DISASTER or since is None or now > since + CONFIRMING:
            return self._end(Step.DONE, now)
        return [Tell(StandingWanted(ask=0))]

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, message: ToCoordinator | Standing, now: Instant) -> list[CoordinatingAction]:
        if isinstance(message, Standing):
            return self._standing(message, now)
        if message.operation != self.operation.id or self.operation.kind is Kind.DISASTER:
            return []
        match message:
            case Quiesced(heads=heads):
                return self._quiesced(heads, now)
            case HandedOver():
                return self._handed_over(message, now)
            case Objected():
                return self._objected(message, now)
            case Aborted(reason=reason):
                return self._aborted(reason, now)
            case VerificationTold(verification=Verification.OUTSTANDING):
                self._verifying_at = now
                return []
            case VerificationTold(verification=outcome, detail=detail):
                return self._verified(now, passed=outcome is Verification.PASSED, detail=detail)
            case _:
                assert_never(message)

    def _quiesced(self, heads: Heads, now: Instant) -> list[CoordinatingAction]:
        if self.operation.step is not Step.REQUESTED:
            return []
        self.operation = replace(self.operation, heads=heads)
        return [*self._reach(Step.QUIESCED, now), ReadCursors()]

    def _cursors_read(self, positions: Heads, now: Instant) -> list[CoordinatingAction]:
        stands = dict(positions)
        reached = all(stands.get(module) == head for module, head in self.operation.heads)
        if self.operation.step is not Step.QUIESCED or not reached:
            return []
        return [*self._reach(Step.DRAINED, now), *self._verify(now)]

    def _verified(self, now: Instant, *, passed: bool, detail: str) -> list[CoordinatingAction]:
        if self.operation.step is not Step.DRAINED or self.operation.kind is not Kind.PLANNED:
            return []
        skipped = self.operation.options.skip_verification
        outcome = Verification.SKIPPED if skipped else Verification.PASSED if passed else Verification.FAILED
        self.operation = replace(self.operation, verification=outcome)
        if outcome is Verification.FAILED:
            return self._abort(f"the pools' records differ: {detail}", now)
        return [*self._reach(Step.VERIFIED, now), *self._hand_over(now)]

    def _handed_over(self, message: HandedOver, now: Instant) -> list[CoordinatingAction]:
        """Go forward, even from an abort: the source's give-up came first."""
        if self.operation.step not in {Step.HANDING_OVER, Step.ABORTING}:
            return []
        self.operation = replace(self.operation, beginnings=message.beginnings, failure=None)
        return [*self._reach(Step.HANDED_OVER, now), TakeOver(self.operation)]

    def _objected(self, message: Objected, now: Instant) -> list[CoordinatingAction]:
        """The source has not given up to this operation. Let it confirm that it never will."""
        if not self.operation.may_abort or self.operation.step is Step.ABORTING:
            return []
        return self._abort(f"{self.operation.source} objects: {message.reason}", now)

    def _aborted(self, reason: str, now: Instant) -> list[CoordinatingAction]:
        if not self.operation.may_abort:
            return []
        return self._end(Step.ABORTED, now, failure=self.operation.failure or reason)

    def _standing(self, standing: Standing, now: Instant) -> list[CoordinatingAction]:
        mine = self.operation
        if mine.step is not Step.SERVING or standing.term < mine.term:
            return []
        self.operation = replace(mine, confirmed=True)
        return self._end(Step.DONE, now)

    def _queues_applied(self, now: Instant) -> list[CoordinatingAction]:
        if self.operation.step is not Step.REQUESTED or self.operation.kind is not Kind.DISASTER:
            return []
        return [*self._reach(Step.DRAINED, now), TakeOver(self.operation)]

    def _took_over(self, beginnings: tuple[TermBeginning, ...], now: Instant) -> list[CoordinatingAction]:
        """Note that we serve; and first that the source gave up, if its standing was heard before its answer."""
        if self.operation.step is Step.SERVING:
            return []
        self.operation = replace(self.operation, beginnings=beginnings, failure=None)
        unheard = self.operation.kind is Kind.PLANNED and self.operation.step is not Step.HANDED_OVER
        given_up = self._reach(Step.HANDED_OVER, now) if unheard else []
        return [*given_up, *self._reach(Step.SERVING, now), *self._do_step(now)]

    def _abort(self, reason: str, now: Instant) -> list[CoordinatingAction]:
        """Ask the source to forget it; a disaster has asked nobody for anything."""
        if not self.operation.may_abort:
            return []
        if self.operation.kind is Kind.DISASTER:
            return self._end(Step.ABORTED, now, failure=reason)
        if self.operation.step is Step.ABORTING:
            return []
        self.operation = replace(self.operation, failure=reason)
        return [*self._reach(Step.ABORTING, now), *self._do_step(now)]

    def _end(self, step: Step, now: Instant, failure: str | None = None) -> list[CoordinatingAction]:
        self.operation = replace(self.operation, failure=failure)
        return self._reach(step, now)

    def _reach(self, step: Step, now: Instant) -> list[CoordinatingAction]:
        self.operation, self._said_at = self.operation.at(step, now), now
        return [Save(self.operation)]
