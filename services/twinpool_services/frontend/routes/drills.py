"""Drills: a disaster failover to this pool, rehearsed on a throw-away copy of its store by the active front end."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.security.roles import Role
from twinpool_services.backup import find_drill, list_drills, request_drill
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, json_body, problems
from twinpool_services.frontend.bodies import read_object, validated
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, own_pool
from twinpool_services.frontend.drill_documents import DrillDocument, DrillPage, DrillRequestDocument
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.paging import MOST, page_of

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

DRILLS = "/v1/pools/{fqdn}/drills"


@router.post(
    DRILLS,
    dependencies=[requires(Role.ADMINISTER)],
    status_code=202,
    responses=problems(*READS, 409),
    openapi_extra=json_body(DrillRequestDocument.model_json_schema()),
)
async def begin_drill(here: Here, fqdn: str, request: Request, response: Response) -> DrillDocument:
    """Have the active front end rehearse that this pool takes a home over alone. Production is left as it is.

    One at a time. `Location` says where to look how far it is.
    """
    wanted = validated(DrillRequestDocument, await read_object(request, here.limits.idle))
    pool, home = own_pool(here, fqdn), here.home_of(wanted.home)
    drill = await here.in_thread(lambda: request_drill(here.opened.store, here.deployment, here.modules, home))
    response.headers["Location"] = f"/v1/pools/{pool}/drills/{drill.identity}"
    return DrillDocument.of(drill)


@router.get(DRILLS, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_pool_drills(
    here: Here,
    fqdn: str,
    after: Annotated[str | None, Query(description="`Next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> DrillPage:
    """List the drills of this pool, newest first."""
    own_pool(here, fqdn)
    return await here.in_thread(_page, here, after, limit)


@router.get(DRILLS + "/{identity}", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_drill(here: Here, fqdn: str, identity: str) -> DrillDocument:
    """Say how far a drill is, or what it has shown."""
    own_pool(here, fqdn)
    return DrillDocument.of(await here.in_thread(lambda: find_drill(here.opened.store, identity)))


def _page(here: Context, after: str | None, limit: int) -> DrillPage:
    known, following = page_of(list_drills(here.opened.store), attrgetter("identity"), after, limit)
    return DrillPage(pool_fqdn=here.pool.fqdn, drills=[DrillDocument.of(each) for each in known], next=following)
