"""What is asked and answered about failovers, plans and standings."""

from __future__ import annotations

from pydantic import Field

from twinpool.failover.operation import Engagement, Kind, Operation, Options
from twinpool.failover.plan import LossPlan, ModuleLoss
from twinpool.vocabulary.home import TermBeginning
from twinpool.vocabulary.names import Home, Instant
from twinpool_services.backup import FailoverWish, HomeStanding
from twinpool_services.frontend.documents import Document, iso
from twinpool_services.frontend.pool_state import PoolState

LONGEST_WAIT = 86_400.0  #: seconds


class FailoverRequestDocument(Document):
    """A wish that this pool serve a home."""

    home: str = Field(min_length=1, max_length=255)  #: a pool's FQDN, or `cms`
    disaster_mode: bool = False  #: this pool takes over alone
    plan_token: str | None = Field(default=None, max_length=64)  #: of a plan; needed in disaster mode, and only there
    wait_time: float = Field(default=60.0, gt=0, le=LONGEST_WAIT)  #: seconds, from read-only to drained
    skip_data_verification: bool = False
    prepare_only: bool = False  #: end before anything is handed over, the source writing again

    def wish(self, home: Home) -> FailoverWish:
        """Return what is asked of the backup service."""
        options = Options(
            wait_time=self.wait_time, skip_verification=self.skip_data_verification, prepare_only=self.prepare_only
        )
        kind = Kind.DISASTER if self.disaster_mode else Kind.PLANNED
        return FailoverWish(home=home, kind=kind, options=options, plan_token=self.plan_token)


class FailoverAbortDocument(Document):
    """Why an operation is to come to nothing."""

    reason: str = Field(default="", max_length=4096)


class ModuleLossDocument(Document):
    """What is known to be missing of one module."""

    identity: str
    acknowledged_position: int  #: everything up to here is in this pool
    heard_head_position: int | None  #: newest position that the other pool has told of; None: it never has
    missing_changes: int | None  #: change sets between these two, at most; None if it is not known
    seconds_unheard: float | None  #: for so long nothing was heard: what was written meanwhile nobody knows
    whole: bool  #: False: this pool holds no consistent state of the module at all

    @classmethod
    def of(cls, loss: ModuleLoss) -> ModuleLossDocument:
        """Say it."""
        return cls(
            identity=loss.module,
            acknowledged_position=loss.acknowledged,
            heard_head_position=loss.heard_head,
            missing_changes=loss.positions,
            seconds_unheard=None if loss.seconds is None else round(loss.seconds, 3),
            whole=loss.whole,
        )


class PlanDocument(Document):
    """What a disaster failover to this pool would leave behind, as far as is known here."""

    home: str
    source_pool_fqdn: str
    target_pool_fqdn: str
    term: int  #: that would begin
    as_of: str
    plan_token: str  #: shows, when it is executed, that somebody has seen this
    backup_modules: list[ModuleLossDocument]

    @classmethod
    def of(cls, plan: LossPlan) -> PlanDocument:
        """Say it."""
        return cls(
            home=plan.home,
            source_pool_fqdn=plan.source,
            target_pool_fqdn=plan.target,
            term=plan.term,
            as_of=iso(plan.as_of),
            plan_token=plan.token,
            backup_modules=[ModuleLossDocument.of(loss) for loss in plan.losses],
        )


class StepDocument(Document):
    """One step, and when it was reached."""

    step: str
    at: str


class PositionDocument(Document):
    """How far a module stood."""

    identity: str
    position: int


class TermBeginningDocument(Document):
    """Where a term begins in one module."""

    identity: str
    term: int
    serving_pool: str
    position: int

    @classmethod
    def of(cls, beginning: TermBeginning) -> TermBeginningDocument:
        """Say it."""
        return cls(
            identity=beginning.module,
            term=beginning.term,
            serving_pool=beginning.serving_pool,
            position=beginning.position,
        )


class FailoverDocument(Document):
    """How far an operation is that brings a home to this pool."""

    failover: str  #: its name
    home: str
    disaster_mode: bool
    source_pool_fqdn: str
    target_pool_fqdn: str
    term: int  #: that begins with it
    step: str
    ended: bool
    can_abort: bool
    failure: str | None  #: why it came to nothing
    verification: str  #: `outstanding`, `passed`, `skipped`, `failed`
    confirmed: bool  #: the source has said that it knows of the new term
    wait_time: float
    skip_data_verification: bool
    prepare_only: bool
    steps: list[StepDocument]  #: by the clock of this pool's store
    heads: list[PositionDocument]  #: of the source, once it is read-only
    beginnings: list[TermBeginningDocument]  #: of the new term
    plan: PlanDocument | None  #: of a disaster: what was known to be missing
    first_write_at: str | None = None  #: when this pool took the first write of the term; None: nobody has noted it

    @classmethod
    def of(cls, operation: Operation, first_write: Instant | None = None) -> FailoverDocument:
        """Say how far it is, and when the first write of its term was taken."""
        return cls(
            failover=operation.id,
            home=operation.home,
            disaster_mode=operation.kind is Kind.DISASTER,
            source_pool_fqdn=operation.source,
            target_pool_fqdn=operation.target,
            term=operation.term,
            step=operation.step,
            ended=operation.has_ended,
            can_abort=operation.may_abort and not operation.has_ended,
            failure=operation.failure,
            verification=operation.verification,
            confirmed=operation.confirmed,
            wait_time=operation.options.wait_time,
            skip_data_verification=operation.options.skip_verification,
            prepare_only=operation.options.prepare_only,
            steps=[StepDocument(step=step, at=iso(at)) for step, at in operation.times],
            heads=[PositionDocument(identity=module, position=position) for module, position in operation.heads],
            beginnings=[TermBeginningDocument.of(each) for each in operation.beginnings],
            plan=None if operation.plan is None else PlanDocument.of(operation.plan),
            first_write_at=None if first_write is None else iso(first_write),
        )


class FailoverPage(Document):
    """Some operations, newest first."""

    pool_fqdn: str
    failovers: list[FailoverDocument]
    next: str | None  #: `after` of the next page


class EngagementDocument(Document):
    """How this pool stands, as the source, to an operation of its partner."""

    failover: str
    coordinator: str
    term: int
    state: str  #: `engaged`, `handed-over`, `releasing`, `aborted`
    since: str
    reason: str

    @classmethod
    def of(cls, engagement: Engagement) -> EngagementDocument:
        """Say it."""
        return cls(
            failover=engagement.operation,
            coordinator=engagement.coordinator,
            term=engagement.term,
            state=engagement.state,
            since=iso(engagement.since),
            reason=engagement.reason,
        )


class StandingDocument(Document):
    """How this pool stands to a home, by what it durably knows."""

    pool_fqdn: str
    home: str
    as_of: str
    pool_state: str  #: of the pool that the home is of: `Active`, `FailingOver`, `FailedOver`, `FailingBack`
    term: int
    serving_pool: str
    mode: str
    settled: bool  #: it is known who serves: the partner was heard, or waited for long enough
    doubt: str  #: why this pool takes no writes although it serves by its own word
    orphans: int  #: of this home, in this pool
    undecided_orphans: int
    history: list[TermBeginningDocument]  #: oldest first
    engagement: EngagementDocument | None  #: newest operation of the partner
    failover: FailoverDocument | None  #: newest operation that was to bring the home here

    @classmethod
    def of(
        cls, pool: str, standing: HomeStanding, state: PoolState, orphans: tuple[int, int], now: Instant
    ) -> StandingDocument:
        """Say it; `orphans` are all and the undecided ones."""
        status, engagement, operation = standing.status, standing.engagement, standing.operation
        return cls(
            pool_fqdn=pool,
            home=status.home,
            as_of=iso(now),
            pool_state=state,
            term=status.term,
            serving_pool=status.serving_pool,
            mode=status.mode,
            settled=standing.settled,
            doubt=standing.doubt,
            orphans=orphans[0],
            undecided_orphans=orphans[1],
            history=[TermBeginningDocument.of(each) for each in standing.history],
            engagement=None if engagement is None else EngagementDocument.of(engagement),
            failover=None if operation is None else FailoverDocument.of(operation),
        )
