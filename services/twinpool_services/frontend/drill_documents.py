"""What is asked and answered about drills."""

from __future__ import annotations

from pydantic import Field

from twinpool.failover.drill import Drill
from twinpool.vocabulary.names import Instant
from twinpool_services.frontend.documents import Document, iso
from twinpool_services.frontend.failover_documents import PlanDocument


class DrillRequestDocument(Document):
    """A wish to rehearse that this pool takes a home over, alone."""

    home: str = Field(min_length=1, max_length=255)  #: a pool's FQDN, or `cms`


class ProbedModuleDocument(Document):
    """What was read of a module in the copy."""

    identity: str
    records: int


class LapDocument(Document):
    """How long one step took."""

    step: str  #: `copied`, `promoted`, `probed`, `written`, `discarded`
    seconds: float


class DrillDocument(Document):
    """How far a drill is, and what it has shown: its receipt."""

    drill: str  #: its name
    home: str
    pool_fqdn: str  #: that would take over, and whose store is copied
    step: str  #: `Requested`, `Copying`, `Rehearsing`, `Done`, `Failed`
    ended: bool
    passed: bool  #: it is over, and the pool could have served
    reason: str  #: why it could not be played
    requested_at: str
    begun_at: str | None
    ended_at: str | None
    term: int | None  #: in which the copy served
    plan: PlanDocument | None  #: what a disaster failover would have lost at that moment
    backup_modules: list[ProbedModuleDocument]
    complaints: list[str]  #: why the pool could not have served, by records
    laps: list[LapDocument]

    @classmethod
    def of(cls, drill: Drill) -> DrillDocument:
        """Say how far it is."""
        return cls(
            drill=drill.identity,
            home=drill.home,
            pool_fqdn=drill.pool,
            step=drill.step,
            ended=drill.is_over,
            passed=drill.has_passed,
            reason=drill.reason,
            requested_at=iso(drill.requested_at),
            begun_at=_iso(drill.begun_at),
            ended_at=_iso(drill.ended_at),
            term=drill.term,
            plan=None if drill.plan is None else PlanDocument.of(drill.plan),
            backup_modules=[
                ProbedModuleDocument(identity=name, records=count) for name, count in drill.records.items()
            ],
            complaints=list(drill.complaints),
            laps=[LapDocument(step=step, seconds=seconds) for step, seconds in drill.seconds.items()],
        )


class DrillPage(Document):
    """Some drills, newest first."""

    pool_fqdn: str
    drills: list[DrillDocument]
    next: str | None  #: `after` of the next page


def _iso(at: Instant | None) -> str | None:
    return None if at is None else iso(at)
