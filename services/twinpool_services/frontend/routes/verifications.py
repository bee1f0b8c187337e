"""Verifications of this pool against its backup pool: asked of any front end, carried out by the active one."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.security.roles import Role
from twinpool_services.backup import find_verification, list_verifications, request_verification
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, json_body, problems
from twinpool_services.frontend.bodies import read_object, validated
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, own_pool
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.paging import MOST, page_of
from twinpool_services.frontend.verification_documents import (
    VerificationDocument,
    VerificationPage,
    VerificationRequestDocument,
    VerificationSummaryDocument,
)

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

VERIFICATIONS = "/v1/pools/{fqdn}/verifications"


@router.post(
    VERIFICATIONS,
    dependencies=[requires(Role.ADMINISTER)],
    status_code=202,
    responses=problems(*READS, 409),
    openapi_extra=json_body(VerificationRequestDocument.model_json_schema()),
)
async def begin_verification(here: Here, fqdn: str, request: Request, response: Response) -> VerificationDocument:
    """Have the active front end compare what this pool serves with what its backup pool keeps.

    One at a time. `Location` says where to look how far it is.
    """
    wanted = validated(VerificationRequestDocument, await read_object(request, here.limits.idle))
    pool = own_pool(here, fqdn)
    verification = await here.in_thread(
        lambda: request_verification(
            here.opened.store,
            here.deployment,
            here.modules.select(wanted.backup_module),
            resync=wanted.resync_signature_mismatch_items,
            suppress_multi_master=wanted.suppress_multi_master_detection,
        )
    )
    response.headers["Location"] = f"/v1/pools/{pool}/verifications/{verification.identity}"
    return VerificationDocument.of(verification)


@router.get(VERIFICATIONS, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_pool_verifications(
    here: Here,
    fqdn: str,
    after: Annotated[str | None, Query(description="`Next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> VerificationPage:
    """List the verifications that were asked for at this pool, newest first, without the records that differ."""
    own_pool(here, fqdn)
    return await here.in_thread(_page, here, after, limit)


@router.get(VERIFICATIONS + "/{identity}", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_verification(here: Here, fqdn: str, identity: str) -> VerificationDocument:
    """Say how far a verification is, and what it has found."""
    own_pool(here, fqdn)
    return VerificationDocument.of(await here.in_thread(find_verification, here.opened.store, identity))


def _page(here: Context, after: str | None, limit: int) -> VerificationPage:
    known, following = page_of(list_verifications(here.opened.store), attrgetter("identity"), after, limit)
    rows = [VerificationSummaryDocument.summary_of(each) for each in known]
    return VerificationPage(pool_fqdn=here.pool.fqdn, verifications=rows, next=following)
