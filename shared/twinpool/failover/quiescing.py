"""The machine of the pool that serves a home: it becomes read-only for an operation, hands over, or forgets it.

Invariants that this machine keeps
- An operation is answered only as far as what the answer says is durable: engaged and read-only before `Quiesced`,
  given up before `HandedOver`, refused for ever and writing again before `Aborted`.
- The home is given up only to an operation that it is engaged in, and only while its heads are those that the
  coordinator holds. An operation that was aborted is never taken up again, however late its messages come.
- The give-up itself (`Terms.give_up`, one transaction) is what counts: whatever an engagement says, a home whose
  status names the coordinator in the operation's term has been handed over, and every request is answered so.
- A home does not stay read-only for a coordinator that is gone: after its patience an engagement is aborted, which is
  safe until the home is given up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from twinpool.failover.messages import (
    Abort,
    Aborted,
    HandedOver,
    HandOver,
    Objected,
    Objection,
    Quiesce,
    Quiesced,
    ToCoordinator,
    ToSource,
)
from twinpool.failover.operation import Engaged, Engagement, Heads, OperationId
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import Instant, PoolFqdn, Term

# ── events ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A coordinator said something."""

    message: ToSource
    speaker: PoolFqdn


@dataclass(frozen=True, slots=True)
class HeadsRead:
    """The answer to `ReadHeads`."""

    request: Quiesce | HandOver
    heads: Heads


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The answer to `GiveUp` and `ReadBeginnings`: how the operation's term begins."""

    operation: OperationId
    beginnings: tuple[TermBeginning, ...]


@dataclass(frozen=True, slots=True)
class AbortAsked:
    """An operator of the source wants the home to take writes again; without effect once it is given up."""

    reason: str


QuiescingEvent = Tick | Heard | HeadsRead | GaveUp | AbortAsked

# ── actions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Keep:
    """Make an engagement durable (fenced by the generation), before the actions that follow."""

    engagement: Engagement


@dataclass(frozen=True, slots=True)
class SetMode:
    """Call `Homes.set_mode`; when that returns, no write that began before may still commit."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class ReadHeads:
    """Read the heads of all modules of the home, then tell `HeadsRead` with the request."""

    request: Quiesce | HandOver


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Call `Terms.give_up`, then tell `GaveUp`."""

    operation: OperationId
    term: Term
    to: PoolFqdn


@dataclass(frozen=True, slots=True)
class ReadBeginnings:
    """Read how a term begins from our own history, then tell `GaveUp`."""

    operation: OperationId
    term: Term


@dataclass(frozen=True, slots=True)
class Tell:
    """Answer the coordinator. If it is lost, the coordinator asks again."""

    message: ToCoordinator


QuiescingAction = Keep | SetMode | ReadHeads | GiveUp | ReadBeginnings | Tell


class Quiescing:
    """One home at a pool that serves it, or did, from when an active front end takes office to its end.

    Actions are carried out in order; when one fails, the rest are left, and a new machine is built from what is stored.
    """

    def __init__(self, pool: PoolFqdn, engagements: Iterable[Engagement]) -> None:
        """Begin with all engagements that are stored for the home."""
        self.pool = pool
        self.engagements = {each.operation: each for each in engagements}
        self._heard_at: Instant | None = None

    def handle(self, event: QuiescingEvent, status: HomeStatus, now: Instant) -> list[QuiescingAction]:
        """Take an event in and say what is to be done, in this order. `status` is what is durably known now."""
        match event:
            case Tick():
                return self._tick(status, now)
            case Heard(message, speaker):
                return [*self._release_unfinished(status), *self._hear(message, speaker, status, now)]
            case HeadsRead(request, heads):
                return self._heads_read(request, heads, status)
            case GaveUp(operation, beginnings):
                return self._gave_up(operation, beginnings)
            case AbortAsked(reason):
                engaged = self.engaged
                return self._release(engaged, reason, status) if engaged else []
            case _:
                assert_never(event)

    @property
    def engaged(self) -> Engagement | None:
        """The operation that the home is read-only for, if there is one."""
        return next((each for each in self.engagements.values() if each.state is Engaged.ENGAGED), None)

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────────

    def _tick(self, status: HomeStatus, now: Instant) -> list[QuiescingAction]:
        actions = self._release_unfinished(status)
        engaged = self.engaged
        if engaged is None:
            self._heard_at = None
            return actions
        if status.serving_pool != self.pool:
            return [*actions, *self._lost(engaged, status)]
        if self._heard_at is None:
            self._heard_at = now
        elif now > self._heard_at + engaged.patience:
            reason = f"nothing was heard of {engaged.coordinator} for {engaged.patience:.0f} s"
            return [*actions, *self._release(engaged, reason, status)]
        return actions

    def _lost(self, engaged: Engagement, status: HomeStatus) -> list[QuiescingAction]:
        """The home is not ours any more: handed over before a crash, or taken by a term that began without us."""
        if self._is_handed_over(engaged, status):
            return [ReadBeginnings(engaged.operation, engaged.term)]
        reason = f"{status.serving_pool} serves in term {status.term}"
        return [self._keep(replace(engaged, state=Engaged.ABORTED, reason=reason))]

    def _release_unfinished(self, status: HomeStatus) -> list[QuiescingAction]:
        """A crash may have come before the home took writes again."""
        unfinished = [each for each in self.engagements.values() if each.state is Engaged.RELEASING]
        return [action for each in unfinished for action in self._release(each, each.reason, status)]

    def _release(self, engagement: Engagement, reason: str, status: HomeStatus) -> list[QuiescingAction]:
        """Refuse it from now on, before the home takes writes again: a late `HandOver` must not find it engaged."""
        releasing = replace(engagement, state=Engaged.RELEASING, reason=reason)
        writes = [SetMode(engagement.mode_before)] if status.serving_pool == self.pool else []
        return [self._keep(releasing), *writes, self._keep(replace(releasing, state=Engaged.ABORTED))]

    def _keep(self, engagement: Engagement) -> QuiescingAction:
        self.engagements[engagement.operation] = engagement
        return Keep(engagement)

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, message: ToSource, speaker: PoolFqdn, status: HomeStatus, now: Instant) -> list[QuiescingAction]:
        known = self.engagements.get(message.operation)
        if known is not None and known.state is Engaged.ENGAGED:
            self._heard_at = now
        if known is not None and self._is_handed_over(known, status):
            return [ReadBeginnings(known.operation, known.term)]
        match message:
            case Quiesce():
                return self._quiesce(message, speaker, known, status, now)
            case HandOver():
                return self._hand_over(message, known, status)
            case Abort():
                return self._abort(message, speaker, status, now)
            case _:
                assert_never(message)

    def _is_handed_over(self, known: Engagement, status: HomeStatus) -> bool:
        refused = known.state in {Engaged.RELEASING, Engaged.ABORTED}
        handed = status.term == known.term and status.serving_pool == known.coordinator
        return handed and not refused

    def _quiesce(
        self, request: Quiesce, speaker: PoolFqdn, known: Engagement | None, status: HomeStatus, now: Instant
    ) -> list[QuiescingAction]:
        if known is not None and known.state is not Engaged.ENGAGED:
            return self._object(request, Objection.ABORTED, known.reason or "it has ended")
        if status.serving_pool != self.pool or request.term != status.term + 1:
            return self._object_to_term(request, status)
        if known is not None:
            return [SetMode(Mode.READ_ONLY), ReadHeads(request)]
        if (other := self.engaged) is not None:
            return self._object(request, Objection.BUSY, f"operation {other.operation} is under way")
        self._heard_at = now
        engagement = Engagement(
            operation=request.operation,
            home=status.home,
            coordinator=speaker,
            term=request.term,
            state=Engaged.ENGAGED,
            mode_before=status.mode,
            patience=request.patience,
            since=now,
        )
        return [self._keep(engagement), SetMode(Mode.READ_ONLY), ReadHeads(request)]

    def _hand_over(self, request: HandOver, known: Engagement | None, status: HomeStatus) -> list[QuiescingAction]:
        if known is None:
            return self._object(request, Objection.UNKNOWN, "it never agreed to this operation")
        if known.state is not Engaged.ENGAGED:
            return self._object(request, Objection.ABORTED, known.reason or "it has ended")
        if status.serving_pool != self.pool or request.term != status.term + 1 or known.term != request.term:
            return self._object_to_term(request, status)
        return [SetMode(Mode.READ_ONLY), ReadHeads(request)]

    def _heads_read(self, request: Quiesce | HandOver, heads: Heads, status: HomeStatus) -> list[QuiescingAction]:
        known = self.engagements.get(request.operation)
        if known is None or known.state is not Engaged.ENGAGED or status.mode is not Mode.READ_ONLY:
            return []
        if isinstance(request, Quiesce):
            return [Tell(Quiesced(operation=request.operation, heads=heads))]
        if heads != request.heads:
            return self._object(request, Objection.HEADS_MOVED, f"its heads are {dict(heads)}")
        return [GiveUp(known.operation, known.term, known.coordinator)]

    def _gave_up(self, operation: OperationId, beginnings: tuple[TermBeginning, ...]) -> list[QuiescingAction]:
        known = self.engagements.get(operation)
        if known is None:
            return []
        kept = [] if known.state is Engaged.HANDED_OVER else [self._keep(replace(known, state=Engaged.HANDED_OVER))]
        return [*kept, Tell(HandedOver(operation=operation, term=known.term, beginnings=beginnings))]

    def _abort(self, request: Abort, speaker: PoolFqdn, status: HomeStatus, now: Instant) -> list[QuiescingAction]:
        """Forget it. One that was never heard of is refused from now on, too: its first word may still be under way."""
        known = self.engagements.get(request.operation)
        if known is None:
            known = Engagement(
                operation=request.operation,
                home=status.home,
                coordinator=speaker,
                term=request.term,
                state=Engaged.ABORTED,
                since=now,
                reason=request.reason,
            )
            kept = [self._keep(known)]
        else:
            kept = [] if known.state is Engaged.ABORTED else self._release(known, request.reason, status)
        return [*kept, Tell(Aborted(operation=request.operation, reason=known.reason or request.reason))]

    # ── objecting ───────────────────────────────────────────────────────────────────────────────────────────

    def _object_to_term(self, request: Quiesce | HandOver, status: HomeStatus) -> list[QuiescingAction]:
        reason = (
            f"the home is in term {status.term}, served by {status.serving_pool}, not about to enter {request.term}"
        )
        return self._object(request, Objection.NOT_SERVED, reason)

    def _object(self, request: Quiesce | HandOver, objection: Objection, reason: str) -> list[QuiescingAction]:
        return [Tell(Objected(operation=request.operation, objection=objection, reason=reason))]
