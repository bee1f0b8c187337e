"""Operators' wishes for failovers, as any front end of the pool that is to serve takes them, and how far they are.

A wish is a document in the pool store; the active front end takes it up within a second, and any other that follows it
in office goes on with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from twinpool.errors import NotFound, Refused
from twinpool.failover.operation import Engagement, Kind, Operation, OperationId, Options, Step
from twinpool.failover.plan import LossPlan, ModuleFacts, make_plan
from twinpool.modules.registry import Modules
from twinpool.ports.store import Store
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.home import HomeStatus, TermBeginning
from twinpool.vocabulary.names import CMS_HOME, Home, Instant, ModuleName, PoolFqdn, Stream, Term
from twinpool_services.backup.failover.papers import HeardHead, Papers

MOST_REPAIRS = 1_000_000  #: records to repair that a plan counts


class NoBackupPool(Refused):
    """There is no other pool that could take over."""

    hint = "Pair the pool in the deployment file."


class AlreadyServed(Refused):
    """The pool that is to take over serves the home already."""

    hint = "Look at the home's standing; to bring it back, fail back (`twinpool failback`)."


class FailoverUnderWay(Refused):
    """One operation of a home at a time."""

    hint = "Follow it (`twinpool failover status`), wait until it is over, or abort it."


class PlanOutdated(Refused):
    """What the plan was made from has changed since."""

    hint = "Make a new plan, look at what would be missing now, and execute that one."


class PlanMissing(Refused):
    """A disaster failover needs a plan, so that somebody has seen what will be missing."""

    hint = "Make a plan (`twinpool failover plan`) and execute it with its token."


class CannotAbort(Refused):
    """The operation has ended, or can only go forward."""

    hint = "Once a home is handed over it can only go forward; fail it back when that is done."


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverWish:
    """What an operator wants."""

    home: Home
    kind: Kind
    options: Options = field(default_factory=Options)
    plan_token: str | None = None  #: of a disaster: the plan that the operator has seen


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeStanding:
    """How a pool stands to a home."""

    status: HomeStatus
    history: tuple[TermBeginning, ...]
    settled: bool  #: the partner has answered since this pool came back, or was waited for long enough
    doubt: str  #: why it takes no writes although it serves by its own word; empty if it may
    engagement: Engagement | None  #: the newest operation of the partner that the home was asked for
    operation: Operation | None  #: the newest operation that was to bring the home here


def request_failover(store: Store, deployment: Deployment, modules: Modules, wish: FailoverWish) -> Operation:
    """Note a wish that this pool serve a home.

    Raises `NotFound` for a home that is none of this pool's, `NoBackupPool`, `AlreadyServed`, `FailoverUnderWay`, and
    of a disaster `PlanMissing` and `PlanOutdated`.
    """
    papers, status = Papers(store), _status(store, deployment, wish.home)
    if status.serving_pool == store.pool:
        raise AlreadyServed(f"{store.pool} serves {wish.home} already, in term {status.term}")
    under_way = _under_way(papers, wish.home)
    if under_way is not None and (wish.kind is Kind.PLANNED or under_way.kind is Kind.DISASTER):
        raise FailoverUnderWay(f"operation {under_way.id} of {wish.home} is {under_way.step}")
    plan = _checked_plan(store, deployment, modules, wish) if wish.kind is Kind.DISASTER else None
    now = store.now()
    operation = Operation(
        id=_new_identity(now),
        kind=wish.kind,
        home=wish.home,
        source=status.serving_pool,
        target=store.pool,
        term=Term(status.term + 1),
        modules=_modules_of(wish.home, modules),
        options=wish.options,
        plan=plan,
    ).at(Step.REQUESTED, now)
    papers.save_operation(operation, generation=None)
    papers.point_to(operation)
    return operation


def find_failover(store: Store, identity: str) -> Operation:
    """Return how far an operation is. Raises `NotFound`."""
    found = Papers(store).operation(identity)
    if found is None:
        raise NotFound(f"there is no failover {identity!r:.80} at {store.pool}")
    return found


def list_failovers(store: Store) -> list[Operation]:
    """Return all operations that were asked for at this pool, newest first."""
    return sorted(Papers(store).operations(), key=lambda each: each.times[0][1] if each.times else 0.0, reverse=True)


def request_abort(store: Store, identity: str, reason: str) -> Operation:
    """Note that an operator wants an operation to come to nothing. Raises `NotFound`, `CannotAbort`."""
    operation = find_failover(store, identity)
    if operation.has_ended or not operation.may_abort:
        raise CannotAbort(f"operation {identity} is {operation.step}")
    Papers(store).wish_abort(operation.id, reason or "an operator wants it")
    return operation


def plan_failover(store: Store, deployment: Deployment, modules: Modules, home: Home) -> LossPlan:
    """Say what would be missing if this pool took a home over now, alone. Raises `NotFound`, `AlreadyServed`."""
    status = _status(store, deployment, home)
    if status.serving_pool == store.pool:
        raise AlreadyServed(f"{store.pool} serves {home} already, in term {status.term}")
    heard = Papers(store).heard(home)
    facts = [_facts(store, Stream(home, module), heard.get(module)) for module in _modules_of(home, modules)]
    return make_plan(status, store.pool, facts, store.now())


def read_standing(store: Store, deployment: Deployment, home: Home) -> HomeStanding:
    """Say how this pool stands to a home. Raises `NotFound`."""
    papers, status = Papers(store), _status(store, deployment, home, needs_partner=False)
    standings, engagements, newest = papers.standings(), papers.engagements(home), papers.newest_of(home)
    return HomeStanding(
        status=status,
        history=tuple(store.history(home)),
        settled=standings is not None and home not in standings.unsettled,
        doubt="" if standings is None else standings.doubts.get(home, ""),
        engagement=engagements[-1] if engagements else None,
        operation=None if newest is None else papers.operation(newest),
    )


def _facts(store: Store, stream: Stream, heard: HeardHead | None) -> ModuleFacts:
    return ModuleFacts(
        module=stream.module,
        cursor=store.import_progress(stream).cursor,
        heard_head=heard.head if heard else None,
        heard_at=heard.at if heard else None,
        to_repair=len(store.repairs(stream, limit=MOST_REPAIRS)),
    )


def _checked_plan(store: Store, deployment: Deployment, modules: Modules, wish: FailoverWish) -> LossPlan:
    if wish.plan_token is None:
        raise PlanMissing(f"a disaster failover of {wish.home} needs the token of a plan")
    plan = plan_failover(store, deployment, modules, wish.home)
    if plan.token != wish.plan_token:
        raise PlanOutdated(f"the facts of {wish.home} have changed since the plan {wish.plan_token!r:.60} was made")
    return plan


def _status(store: Store, deployment: Deployment, home: Home, *, needs_partner: bool = True) -> HomeStatus:
    pool = store.pool
    known = next((each for each in store.homes() if each.home == home), None)
    if known is None:
        raise NotFound(f"{pool} knows no home {home!r:.80}")
    if needs_partner and pool not in _pair_of(deployment, home):
        raise NoBackupPool(f"{pool} is not one of the two pools that may serve {home}")
    if needs_partner and len(_pair_of(deployment, home)) < 2:
        raise NoBackupPool(f"{home} has no backup pool")
    return known


def _pair_of(deployment: Deployment, home: Home) -> tuple[PoolFqdn, ...]:
    """Return the pools between which a home moves."""
    first = deployment.cms_master if home == CMS_HOME else deployment.pool(home).fqdn
    return (first, *filter(None, [deployment.partner_of(first)]))


def _modules_of(home: Home, modules: Modules) -> tuple[ModuleName, ...]:
    return tuple(module.name for module in modules if module.category.is_cms == (home == CMS_HOME))


def _under_way(papers: Papers, home: Home) -> Operation | None:
    return next((each for each in papers.operations() if each.home == home and not each.has_ended), None)


def _new_identity(now: Instant) -> OperationId:
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    return OperationId(f"{moment}-{secrets.token_hex(3)}")
