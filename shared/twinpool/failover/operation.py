"""A failover of one home, as it is durably kept and handed from one active front end to the next."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NewType

from twinpool.failover.plan import LossPlan
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term

OperationId = NewType("OperationId", str)  #: names one operation for ever, in both pools
Heads = tuple[tuple[ModuleName, Position], ...]  #: of each module, in the order of their names


class Kind(enum.StrEnum):
    """How a home moves."""

    PLANNED = "planned"  #: both pools agree; nothing is lost
    DISASTER = "disaster"  #: the pool that takes over does so alone


class Step(enum.StrEnum):
    """How far an operation has come. Each step is durable before anything is said or done that relies on it."""

    REQUESTED = "requested"
    QUIESCED = "quiesced"  #: the source is read-only for this operation, and its heads are known
    DRAINED = "drained"  #: our imports stand at these heads; in a disaster: what lay in the queues is applied
    VERIFIED = "verified"  #: both hold the same, or nobody wants to know
    HANDING_OVER = "handing-over"  #: the source may have given up: only its word leads back from here
    HANDED_OVER = "handed-over"  #: the source has given up: only forward
    SERVING = "serving"  #: we serve; in a planned failover, the source's word for it is still asked for
    DONE = "done"
    ABORTING = "aborting"  #: the source may still be read-only, or may have given up
    ABORTED = "aborted"


class Verification(enum.StrEnum):
    """What is known of both pools' records being the same."""

    OUTSTANDING = "outstanding"
    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"


ENDED = frozenset({Step.DONE, Step.ABORTED})
_ABORTABLE = frozenset({Step.REQUESTED, Step.QUIESCED, Step.DRAINED, Step.VERIFIED, Step.HANDING_OVER, Step.ABORTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an operator wants it."""

    wait_time: float = 60.0  #: seconds from read-only to drained, and again to verified, before it is aborted
    skip_verification: bool = False
    prepare_only: bool = False  #: end before the home is handed over, with the source writing again


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One failover or failback of one home."""

    id: OperationId
    kind: Kind
    home: Home
    source: PoolFqdn  #: serves before
    target: PoolFqdn  #: serves afterwards; its active front end coordinates
    term: Term  #: that begins with it: one above the one that the target knew when it was asked
    modules: tuple[ModuleName, ...]
    options: Options = Options()
    step: Step = Step.REQUESTED
    times: tuple[tuple[Step, Instant], ...] = ()  #: when each step was reached, by the target's store
    heads: Heads = ()  #: of the source, once it is quiesced
    beginnings: tuple[TermBeginning, ...] = ()  #: of the new term
    verification: Verification = Verification.OUTSTANDING
    failure: str | None = None  #: why it is aborted
    plan: LossPlan | None = None  #: of a disaster: what was known to be missing
    confirmed: bool = False  #: the source has said that it knows of the new term

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to be done."""
        return self.step in ENDED

    @property
    def may_abort(self) -> bool:
        """Whether it may still come to nothing. Once handed over it can only go forward."""
        if self.kind is Kind.DISASTER:
            return self.step is Step.REQUESTED
        return self.step in _ABORTABLE

    def is_superseded_by(self, status: HomeStatus) -> bool:
        """Whether another term came first. Our own term, or a later one once we have served, is no such thing."""
        if self.step is Step.SERVING or status.term < self.term:
            return False
        return status.term > self.term or status.serving_pool != self.target

    def has_waited(self, now: Instant, verifying_at: Instant | None) -> bool:
        """Whether the present step takes too long; `verifying_at`: when the source last said that it compares."""
        since = self.reached(self.step)
        if self.step is Step.DRAINED and verifying_at is not None:
            since = verifying_at  # Comparing takes as long as there are records, but not longer in silence.
        return since is not None and now > since + self.options.wait_time

    def at(self, step: Step, now: Instant) -> Operation:
        """Return the operation having reached a step."""
        return replace(self, step=step, times=(*self.times, (step, now)))

    def reached(self, step: Step) -> Instant | None:
        """Return when a step was last reached."""
        return next((at for reached, at in reversed(self.times) if reached is step), None)


class Engaged(enum.StrEnum):
    """How a source stands to an operation."""

    ENGAGED = "engaged"  #: read-only for it, or about to be
    HANDED_OVER = "handed-over"
    RELEASING = "releasing"  #: refused from now on; the home is about to take writes again
    ABORTED = "aborted"  #: refused for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """What a source durably keeps of an operation, beside the home; one for each operation, for ever."""

    operation: OperationId
    home: Home
    coordinator: PoolFqdn
    term: Term  #: that is to begin
    state: Engaged
    since: Instant  #: by the source's store
    mode_before: Mode = Mode.READ_WRITE  #: to which an abort returns
    patience: float = 60.0  #: seconds of silence after which it is aborted
    reason: str = ""  #: why it was aborted


def heads_of(positions: Mapping[ModuleName, Position]) -> Heads:
    """Put positions into the form in which they are compared.

    >>> heads_of({ModuleName("b"): Position(1), ModuleName("a"): Position(2)})
    (('a', 2), ('b', 1))
    """
    return tuple(sorted(positions.items()))
