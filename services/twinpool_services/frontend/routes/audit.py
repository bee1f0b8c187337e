"""The audit log of the pool."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, problems
from twinpool_services.frontend.audit_documents import AuditEntryDocument, AuditPage
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, own_pool
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.paging import HIGHEST, MOST

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])


@router.get("/v1/pools/{fqdn}/audit", responses=problems(*READS), dependencies=[requires(Role.ADMINISTER_SERVERS)])
async def list_audit(
    here: Here,
    fqdn: str,
    after: Annotated[int, Query(ge=0, le=HIGHEST, description="`Next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> AuditPage:
    """List who did what, oldest first. `Hash` is the SHA-256 of the hash before it and the bytes of `Body`."""
    own_pool(here, fqdn)
    return await here.in_thread(_page, here, after, limit)


def _page(here: Context, after: int, limit: int) -> AuditPage:
    store = here.opened.store
    entries = store.audit_entries(after=after, limit=limit)
    head = store.audit_head()  # Last: what is appended meanwhile must not look as if it had been added behind the end.
    return AuditPage(
        pool_fqdn=here.pool.fqdn,
        entries=[AuditEntryDocument.of(entry) for entry in entries],
        next=entries[-1].number if len(entries) == limit else None,
        head_number=head.number,
        head_hash=head.hash.hex(),
    )
