"""Failovers to this pool: asked of any of its front ends, carried out by the active one; and how it stands to homes."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.security.roles import Role
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.backup import (
    find_failover,
    list_failovers,
    plan_failover,
    request_abort,
    request_failover,
)
from twinpool_services.frontend.access.requirements import require, requires
from twinpool_services.frontend.api_docs import READS, json_body, problems
from twinpool_services.frontend.bodies import read_object, validated
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, own_pool
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.failover_documents import (
    FailoverAbortDocument,
    FailoverDocument,
    FailoverPage,
    FailoverRequestDocument,
    PlanDocument,
    StandingDocument,
)
from twinpool_services.frontend.failover_reading import standing_of, told_of
from twinpool_services.frontend.paging import MOST, page_of

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

FAILOVERS = "/v1/pools/{fqdn}/failovers"
FAILOVER = FAILOVERS + "/{identity}"


@router.post(
    FAILOVERS,
    dependencies=[requires(Role.ADMINISTER)],
    status_code=202,
    responses=problems(*READS, 409),
    openapi_extra=json_body(FailoverRequestDocument.model_json_schema()),
)
async def begin_failover(here: Here, fqdn: str, request: Request, response: Response) -> FailoverDocument:
    """Have this pool take a home over, together with the pool that serves it or (`DisasterMode`) alone.

    A disaster needs the token of a plan; 409 if the facts have changed since. `Location` says where to look how far
    it is.
    """
    wanted = validated(FailoverRequestDocument, await read_object(request, here.limits.idle))
    if wanted.home.lower() == CMS_HOME:
        await require(request, Role.ADMINISTER_SERVERS)
    pool = own_pool(here, fqdn)
    wish = wanted.wish(here.home_of(wanted.home))
    operation = await here.in_thread(
        lambda: request_failover(here.opened.store, here.deployment, here.modules, wish),
    )
    response.headers["Location"] = f"/v1/pools/{pool}/failovers/{operation.id}"
    return FailoverDocument.of(operation)


@router.get(FAILOVERS, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_pool_failovers(
    here: Here,
    fqdn: str,
    home: Annotated[str | None, Query(description="Of this home alone")] = None,
    after: Annotated[str | None, Query(description="`Next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> FailoverPage:
    """List the operations that were asked for at this pool, newest first."""
    own_pool(here, fqdn)
    return await here.in_thread(_page, here, home, after, limit)


@router.get(FAILOVER, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_failover(here: Here, fqdn: str, identity: str) -> FailoverDocument:
    """Say how far an operation is."""
    own_pool(here, fqdn)
    return await here.in_thread(lambda: told_of(here.opened.store, find_failover(here.opened.store, identity)))


@router.post(
    FAILOVER + "/abort",
    dependencies=[requires(Role.ADMINISTER)],
    status_code=202,
    responses=problems(*READS, 409),
    openapi_extra=json_body(FailoverAbortDocument.model_json_schema()),
)
async def abort_failover(here: Here, fqdn: str, identity: str, request: Request) -> FailoverDocument:
    """Ask that an operation come to nothing, and the source write again. 409 once it can only go forward."""
    wanted = validated(FailoverAbortDocument, await read_object(request, here.limits.idle))
    own_pool(here, fqdn)
    if (await here.in_thread(find_failover, here.opened.store, identity)).home == CMS_HOME:
        await require(request, Role.ADMINISTER_SERVERS)
    return FailoverDocument.of(await here.in_thread(request_abort, here.opened.store, identity, wanted.reason))


@router.get(
    "/v1/pools/{fqdn}/failover-plans/{home}", responses=problems(*READS, 409), dependencies=[requires(Role.VIEW)]
)
async def get_failover_plan(here: Here, fqdn: str, home: str) -> PlanDocument:
    """Say what would be missing if this pool took the home over now, alone. Nothing is moved."""
    own_pool(here, fqdn)
    known = here.home_of(home)
    plan = await here.in_thread(
        lambda: plan_failover(here.opened.store, here.deployment, here.modules, known),
    )
    return PlanDocument.of(plan)


@router.get("/v1/pools/{fqdn}/homes/{home}/standing", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_standing(here: Here, fqdn: str, home: str) -> StandingDocument:
    """Say who serves a home by what this pool durably knows, and what goes on about it."""
    own_pool(here, fqdn)
    return await here.in_thread(standing_of, here, here.home_of(home))


def _page(here: Context, home: str | None, after: str | None, limit: int) -> FailoverPage:
    store = here.opened.store
    of_home = [each for each in list_failovers(store) if home is None or each.home == home.lower()]
    known, following = page_of(of_home, attrgetter("id"), after, limit)
    return FailoverPage(pool_fqdn=here.pool.fqdn, failovers=[told_of(store, each) for each in known], next=following)
