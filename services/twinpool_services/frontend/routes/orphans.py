"""Orphans of this pool: listed, shown beside what the serving pool holds, replayed, discarded."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import ValidationError

from twinpool.errors import InvalidParameter
from twinpool.failover.orphan_classification import Classification
from twinpool.security.roles import Role
from twinpool.vocabulary.names import Home
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, json_body, problems
from twinpool_services.frontend.bodies import read_object
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Here, own_pool
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.orphan_deciding import discard, replay
from twinpool_services.frontend.orphan_documents import (
    OrphanDetailDocument,
    OrphanDiscardDocument,
    OrphanDocument,
    OrphanPage,
    OrphanReplayDocument,
    OrphanReplayedDocument,
)
from twinpool_services.frontend.orphan_reading import Wanted, read_detail, read_page
from twinpool_services.frontend.paging import HIGHEST, MOST

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

ORPHANS = "/v1/pools/{fqdn}/orphans"
ORPHAN = ORPHANS + "/{number}"

Number = Annotated[int, Path(ge=1, le=HIGHEST)]
W = TypeVar("W", bound=OrphanDiscardDocument)


async def _wanted(
    *,
    here: Here,
    home: Annotated[str | None, Query(description="Of this home alone")] = None,
    module: Annotated[str | None, Query(description="Of this module alone, by full or short name")] = None,
    undecided: Annotated[bool, Query(description="Only those about which nobody has decided")] = False,
    classification: Annotated[Classification | None, Query(description="Only those that are this, undecided")] = None,
    after: Annotated[int, Query(ge=0, le=HIGHEST, description="`Next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> Wanted:
    return Wanted(
        after=after,
        limit=limit,
        home=None if home is None else Home(home.lower()),
        module=None if module is None else here.modules[module].name,
        undecided=undecided or classification is not None,
        classification=classification,
    )


@router.get(ORPHANS, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_orphans(here: Here, fqdn: str, wanted: Annotated[Wanted, Depends(_wanted)]) -> OrphanPage:
    """List changes that only this pool ever had, each classified by what the serving pool holds now.

    While the serving pool does not answer they are listed all the same; `Why` says so. A page may be shorter than
    `limit` although `Next` says that there are more.
    """
    own_pool(here, fqdn)
    return await here.in_thread(read_page, here, wanted)


@router.get(ORPHAN, responses=problems(*READS), dependencies=[requires(Role.ADMINISTER)])
async def get_orphan(here: Here, fqdn: str, number: Number) -> OrphanDetailDocument:
    """Show one orphan beside what the serving pool holds; 503 if that does not answer."""
    own_pool(here, fqdn)
    return await here.in_thread(read_detail, here, number)


@router.post(
    ORPHAN + "/replay",
    dependencies=[requires(Role.ADMINISTER)],
    responses=problems(409, *READS),
    openapi_extra=json_body(OrphanReplayDocument.model_json_schema()),
)
async def replay_orphan(here: Here, fqdn: str, number: Number, request: Request) -> OrphanReplayedDocument:
    """Write an orphan again through the pool that serves its home now, and note who wanted it.

    409 if that takes something away from those who came later, unless `Force`; and if somebody decided before.
    """
    wish = _wish(OrphanReplayDocument, await read_object(request, here.limits.idle))
    own_pool(here, fqdn)
    return await here.in_thread(replay, here, number, wish)


@router.post(
    ORPHAN + "/discard",
    dependencies=[requires(Role.ADMINISTER)],
    responses=problems(409, *READS),
    openapi_extra=json_body(OrphanDiscardDocument.model_json_schema()),
)
async def discard_orphan(here: Here, fqdn: str, number: Number, request: Request) -> OrphanDocument:
    """Note that an orphan is given up, and by whom; it stays in the ledger. 409 if somebody decided before."""
    wish = _wish(OrphanDiscardDocument, await read_object(request, here.limits.idle))
    own_pool(here, fqdn)
    return await here.in_thread(discard, here, number, wish)


def _wish(kind: type[W], given: dict[str, object]) -> W:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"{field}: {first['msg']}", field=field) from error
