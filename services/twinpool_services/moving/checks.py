"""Whether a home may move now: pure judgements about what the pools say of themselves.

Each check is named in the answer, whether it passed or not, so that `-HealthCheckOnly` shows them all. A check that
has failed blocks, unless it is one that may be ignored and the operator said so.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from twinpool.errors import Refused
from twinpool_services.moving.moves import Direction, Move


class Verdict(enum.StrEnum):
    """What a check has come to."""

    PASSED = "Passed"
    IGNORED = "Ignored"  #: it failed, and the operator wants it so
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    name: str
    verdict: Verdict
    detail: str
    hint: str = ""


class NotHealthy(Refused):
    """A check before a failover has failed; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cms:
    """What is known of the Central Management store."""

    serving_pool: str  #: empty if nobody says
    works: bool  #: a front end of that pool is the active one, and knows that its pool serves the store
    why_not: str = ""
    up_to_date: Mapping[str, str] = field(default_factory=dict)  #: by pool why its replica is not; empty text if it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the checks are made on."""

    source_silent: str  #: why the source does not answer; empty if it does
    source_errors: tuple[str, ...]  #: modules whose export is in ErrorState, each with the reason
    target_not_ready: Mapping[str, str]  #: by front end why it is not ready
    target_active: str | None  #: the active front end of the target
    cms: Cms
    edges: tuple[str, ...] = ()  #: Edge servers whose next hop is the source


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """What the operator wants to be ignored."""

    backup_service_errors: bool = False
    cms_delay: bool = False
    target_front_ends: bool = False
    fabric: bool = False
    servers: Collection[str] = ()  #: front ends that nobody cares about


def checks_of(move: Move, facts: Facts, leniency: Leniency, *, disaster: bool) -> tuple[Check, ...]:
    """Judge. In a disaster the source is not asked for anything."""
    about_target = (_fabric(move, facts, leniency), _front_ends(move, facts, leniency))
    about_source = () if disaster else (_source(move, facts), _backup_service(move, facts, leniency))
    if move.direction is Direction.CMS:  # It is what is being repaired.
        return (*about_source, *about_target)
    if move.direction is Direction.FAILOVER:
        about_source = (_edges(move, facts), *about_source)
    return (_cms(move, facts), _cms_delay(move, facts, leniency), *about_source, *about_target)


def require_healthy(checks: Collection[Check]) -> None:
    """Let a move go on. Raises `NotHealthy` with all that failed, and with the hint of the first."""
    failed = [check for check in checks if check.verdict is Verdict.FAILED]
    if not failed:
        return
    error = NotHealthy("; ".join(check.detail for check in failed))
    error.hint = failed[0].hint
    raise error


def _cms(move: Move, facts: Facts) -> Check:
    """The Central Management store has to work, and elsewhere than in the pool that is left."""
    name, cms = "CentralManagementStore", facts.cms
    first = "Invoke-CsManagementServerFailover"
    if not cms.works:
        why = cms.why_not or "nobody knows who serves it"
        return Check(
            name=name,
            verdict=Verdict.FAILED,
            detail=f"the Central Management store does not work: {why}",
            hint=f"Start the pool that serves it; if that is gone, move the store first with {first} -Force.",
        )
    if move.direction is Direction.FAILOVER and cms.serving_pool == move.source:
        return Check(
            name=name,
            verdict=Verdict.FAILED,
            detail=f"{move.source} serves the Central Management store, which has to be failed over first",
            hint=f"Run {first}, then this again.",
        )
    return Check(name=name, verdict=Verdict.PASSED, detail=f"served by {cms.serving_pool}")


def _cms_delay(move: Move, facts: Facts, leniency: Leniency) -> Check:
    why = facts.cms.up_to_date.get(move.target, "")
    return _judged(
        "CmsReplication",
        f"the replica of {move.target} is not up to date: {why}" if why else "",
        passed=f"the replica of {move.target} is up to date",
        ignored=leniency.cms_delay,
        hint="See Get-CsManagementStoreReplicationStatus; wait, or say -IgnoreCMSDelay.",
    )


def _edges(move: Move, facts: Facts) -> Check:
    """What comes from outside would go on to the pool that is left (reference, section 15.2)."""
    named = ", ".join(facts.edges)
    return _judged(
        "EdgeNextHop",
        f"{move.source} is specified in the topology as the next hop for the Edge server {named}" if named else "",
        passed=f"no Edge server has {move.source} as its next hop",
        ignored=False,
        hint=f"Let edge.next_hop of the deployment file, and the Edge server itself, name {move.target}; then run this "
        "again.",
    )


def _source(move: Move, facts: Facts) -> Check:
    return _judged(
        "SourcePool",
        f"{move.source} does not answer: {facts.source_silent}" if facts.source_silent else "",
        passed=f"{move.source} answers",
        ignored=False,
        hint=f"Start its front ends; if it is gone, {_alone(move)}, which may lose what it had not yet sent.",
    )


def _backup_service(move: Move, facts: Facts, leniency: Leniency) -> Check:
    said = "; ".join(facts.source_errors)
    return _judged(
        "BackupService",
        f"the backup service of {move.source} is in ErrorState: {said}" if said else "",
        passed=f"no module of {move.source} is in ErrorState",
        ignored=leniency.backup_service_errors,
        hint=f"Cure it (Get-CsBackupServiceStatus -PoolFqdn {move.source}), or say -IgnoreBackupServiceErrorState.",
    )


def _fabric(move: Move, facts: Facts, leniency: Leniency) -> Check:
    return _judged(
        "ActiveFrontEnd",
        "" if facts.target_active else f"no front end of {move.target} is the active one, so nobody could take over",
        passed=f"{facts.target_active} is the active one of {move.target}",
        ignored=leniency.fabric,
        hint="Wait until one is elected, or see why none is; or say -SkipFabricHealthCheck.",
    )


def _front_ends(move: Move, facts: Facts, leniency: Leniency) -> Check:
    left_out = {name.casefold() for name in leniency.servers}
    lacking = {name: why for name, why in facts.target_not_ready.items() if why and name.casefold() not in left_out}
    said = "; ".join(f"{name} ({why})" for name, why in lacking.items())
    ignore = "-IgnoreTargetPoolFEsNotRunning" if move.direction is Direction.FAILOVER else "-ServersToIgnore"
    return _judged(
        "TargetFrontEnds",
        f"not all front ends of {move.target} are ready: {said}" if said else "",
        passed=f"the front ends of {move.target} are ready",
        ignored=leniency.target_front_ends,
        hint=f"Start them, or say {ignore}.",
    )


def _alone(move: Move) -> str:
    return "use -Force" if move.direction is Direction.CMS else "use -DisasterMode"


def _judged(name: str, failed: str, *, passed: str, ignored: bool, hint: str) -> Check:
    if not failed:
        return Check(name=name, verdict=Verdict.PASSED, detail=passed)
    return Check(name=name, verdict=Verdict.IGNORED if ignored else Verdict.FAILED, detail=failed, hint=hint)
