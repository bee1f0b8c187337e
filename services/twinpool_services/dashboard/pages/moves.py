"""Moving a home to this pool: what it means and would lose is shown first, then it is confirmed by typing a name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.responses import Response

from twinpool.errors import InvalidParameter, Refused
from twinpool.security.roles import Role
from twinpool_services.dashboard.acting import ApiRefused
from twinpool_services.dashboard.asking_pools import PoolsOfAPage
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.frontend.failover_documents import LONGEST_WAIT
from twinpool_services.moving import (
    Check,
    Direction,
    Leniency,
    Move,
    NoBackupPool,
    Told,
    Verdict,
    checks_of,
    cms_move,
    failback_to,
    failover_from,
    gather,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way to move a home."""

    name: str
    title: str
    direction: Direction
    disaster: bool
    wait: int  #: seconds that the backlog may take, unless something else is said

    @property
    def role(self) -> Role:
        """What it asks of whoever wants it, as at the API."""
        return Role.ADMINISTER_SERVERS if self.direction is Direction.CMS else Role.ADMINISTER


KINDS = (
    Kind(name="failover", title="Planned failover", direction=Direction.FAILOVER, disaster=False, wait=60),
    Kind(name="failback", title="Failback", direction=Direction.FAILBACK, disaster=False, wait=15),
    Kind(name="disaster-failover", title="Disaster failover", direction=Direction.FAILOVER, disaster=True, wait=60),
    Kind(name="disaster-failback", title="Disaster failback", direction=Direction.FAILBACK, disaster=True, wait=15),
    Kind(
        name="cms",
        title="Failover of the Central Management store",
        direction=Direction.CMS,
        disaster=False,
        wait=60,
    ),
    Kind(
        name="disaster-cms",
        title="Disaster failover of the Central Management store",
        direction=Direction.CMS,
        disaster=True,
        wait=60,
    ),
)

#: The checks that may be ignored, as fields of the form.
MAY_BE_IGNORED: Mapping[str, str] = {
    "BackupService": "backup_service_errors",
    "CmsReplication": "cms_delay",
    "TargetFrontEnds": "target_front_ends",
    "ActiveFrontEnd": "fabric",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """A move, and what is known about it before it is made."""

    move: Move
    told: Told
    checks: tuple[Check, ...]
    plan: Mapping[str, Any] | None  #: of a disaster

    @property
    def stands(self) -> bool:
        """Whether no check has failed that was not ignored."""
        return all(check.verdict is not Verdict.FAILED for check in self.checks)

    @property
    def name(self) -> str:
        """The pool's name that has to be typed: whose users move; of the store, where it goes."""
        return self.move.target if self.move.direction is Direction.CMS else self.move.home


class NotAtThisPool(Refused):
    """Another pool would have to be asked."""


async def show(kind: Kind, visit: Visit) -> Response:
    """Show what a move means."""
    return await _page(visit, kind, Leniency())


async def begin(kind: Kind, visit: Visit) -> Response:
    """Have it made, if everything still stands."""
    leniency = Leniency(
        backup_service_errors="backup_service_errors" in visit.form,
        cms_delay="cms_delay" in visit.form,
        target_front_ends="target_front_ends" in visit.form,
        fabric="fabric" in visit.form,
    )
    prospect = await _prospect(visit, kind, leniency)
    problem = _what_is_wrong(visit, prospect)
    if problem is None:
        try:
            operation = await visit.do(
                "POST", ["v1", "pools", prospect.move.target, "failovers"], _wish(visit, kind, prospect)
            )
            return visit.go(f"/operations/{operation['TargetPoolFqdn']}/{operation['Failover']}")
        except InvalidParameter as error:
            problem = error
        except ApiRefused as error:
            if error.problem.status not in {409, 422}:
                raise
            problem = error
            prospect = await _prospect(visit, kind, leniency)  # A plan that was old is made anew.
    status = problem.problem.status if isinstance(problem, ApiRefused) else 422
    return _shown(visit, kind, prospect, leniency, problem, status=status)


def _what_is_wrong(visit: Visit, prospect: Prospect) -> Refused | InvalidParameter | ApiRefused | None:
    if visit.form.get("confirm", "").strip().casefold() != prospect.name:
        error = InvalidParameter(f"type {prospect.name} to confirm; nothing was done", field="confirm")
        error.hint = "It is the name that is to be moved, so that nobody moves another by mistake."
        return error
    if not prospect.stands:
        failed = [check for check in prospect.checks if check.verdict is Verdict.FAILED]
        unsound = Refused("; ".join(check.detail for check in failed))
        unsound.hint = failed[0].hint
        return unsound
    return None


def _wish(visit: Visit, kind: Kind, prospect: Prospect) -> Mapping[str, object]:
    """Return what the API is asked for. Raises `InvalidParameter`."""
    home = prospect.move.home
    if kind.disaster:
        return {"Home": home, "DisasterMode": True, "PlanToken": visit.form.get("plan", "")}
    try:
        wait = float(visit.form.get("wait", str(kind.wait)))
    except ValueError as error:
        raise InvalidParameter("the backlog may take a number of seconds", field="wait") from error
    return {
        "Home": home,
        "WaitTime": wait,
        "SkipDataVerification": "skip" in visit.form,
        "PrepareOnly": "prepare" in visit.form,
    }


async def _page(visit: Visit, kind: Kind, leniency: Leniency) -> Response:
    return _shown(visit, kind, await _prospect(visit, kind, leniency), leniency)


def _shown(
    visit: Visit,
    kind: Kind,
    prospect: Prospect,
    leniency: Leniency,
    problem: Refused | InvalidParameter | ApiRefused | None = None,
    *,
    status: int = 200,
) -> Response:
    return visit.page(
        "move.html.j2",
        status=status,
        kind=kind,
        prospect=prospect,
        problem=problem,
        leniency=leniency,
        ignorable=MAY_BE_IGNORED,
        longest=int(LONGEST_WAIT),
        source=prospect.told.standings.get(prospect.move.source),
        target=prospect.told.standings.get(prospect.move.target),
        is_cms=prospect.move.direction is Direction.CMS,
    )


async def _prospect(visit: Visit, kind: Kind, leniency: Leniency) -> Prospect:
    """Find out what a move would be, and whether it may be made. Raises what keeps it from being one at all."""
    with closing(PoolsOfAPage(visit.here, visit.api, visit.request)) as pools:
        # Not in a thread of those that answer requests: it waits for some of these itself.
        move, told, checks = await asyncio.to_thread(_judged, pools, visit.here.pool.fqdn, kind, leniency)
    plan = None
    if kind.disaster:
        plan = await visit.ask(["v1", "pools", move.target, "failover-plans", move.home])
    return Prospect(move=move, told=told, checks=checks, plan=plan)


def _judged(pools: PoolsOfAPage, own: str, kind: Kind, leniency: Leniency) -> tuple[Move, Told, tuple[Check, ...]]:
    move, told = _move(pools, own, kind)
    if move.target != own:
        error = NotAtThisPool(
            f"{own} has {move.home} already: it could go to {move.target} alone, which has to be asked"
        )
        addresses = " or ".join(each.address for each in pools.deployment.pool(move.target).front_ends)
        error.hint = f"Open the operations page of {move.target}: {addresses}."
        raise error
    facts = gather(pools, move, told, disaster=kind.disaster)
    return move, told, checks_of(move, facts, leniency, disaster=kind.disaster)


def _move(pools: PoolsOfAPage, own: str, kind: Kind) -> tuple[Move, Told]:
    match kind.direction:
        case Direction.CMS:
            return cms_move(pools)
        case Direction.FAILBACK:
            return failback_to(pools, own, disaster=kind.disaster)
        case Direction.FAILOVER:
            partner = pools.deployment.partner_of(own)
            if partner is None:
                raise NoBackupPool(f"{own} has no backup pool, so there is nothing that it could take over")
            return failover_from(pools, partner, disaster=kind.disaster)


PAGES = tuple(
    page
    for kind in KINDS
    for page in (
        Page(path=f"/operations/{kind.name}", role=kind.role, answer=partial(show, kind)),
        Page(path=f"/operations/{kind.name}", role=kind.role, answer=partial(begin, kind), takes="begin_failover"),
    )
)
