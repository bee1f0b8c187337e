"""How far the pools' replicas of the Central Management store are, by the word of the pool that serves it."""

from __future__ import annotations

from fastapi import APIRouter

from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, problems
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.cms_replicas import read_replication
from twinpool_services.frontend.cms_replication_documents import CmsReplicationDocument
from twinpool_services.frontend.context import Here
from twinpool_services.frontend.exact_route import ExactRoute

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])


@router.get("/v1/cms/replication-status", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_cms_replication(here: Here) -> CmsReplicationDocument:
    """Say of each pool whether its replica is up to date; 421 names the pool that serves the CMS."""
    return await here.in_thread(read_replication, here)
