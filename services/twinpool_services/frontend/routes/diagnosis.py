"""How replication stands, and where a write is, for those who look for what is wrong. Each front end for itself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from twinpool.modules.record_rules import check_key, check_owner
from twinpool.security.roles import Role
from twinpool.vocabulary.change import RecordKey
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, problems
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Here, InStream, own_pool
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.examination import ExaminationDocument, examine
from twinpool_services.frontend.fact_documents import ReplicationFactsDocument
from twinpool_services.frontend.fact_reading import read_facts
from twinpool_services.frontend.series_documents import SeriesDocument
from twinpool_services.frontend.series_reading import read_series
from twinpool_services.frontend.trace_documents import RecordTraceDocument
from twinpool_services.frontend.trace_reading import read_trace
from twinpool_services.telemetry import Range

router = APIRouter(route_class=ExactRoute, tags=["diagnosis"], dependencies=[OneOfTheCalls])

HIGHEST = 2**62


@router.get(
    "/v1/pools/{fqdn}/replication-facts", responses=problems(*READS), dependencies=[requires(Role.BACKUP_SERVICE)]
)
async def get_replication_facts(here: Here, fqdn: str) -> ReplicationFactsDocument:
    """Say how replication stands by the pool store, and what this front end is at if it is the active one."""
    own_pool(here, fqdn)
    return await here.in_thread(read_facts, here)


@router.get(
    "/v1/homes/{home}/modules/{module}/series",
    responses=problems(*READS),
    dependencies=[requires(Role.BACKUP_SERVICE)],
)
async def get_series(
    here: Here,
    place: InStream,
    begins: Annotated[int, Query(ge=0, le=HIGHEST, description="First second, since 1970")],
    ends: Annotated[int, Query(ge=0, le=HIGHEST, description="Second behind the last")],
    step: Annotated[int, Query(ge=1, le=3_600, description="Seconds that are shown as one number")] = 1,
) -> SeriesDocument:
    """Say what this front end remembers of the last hour: its own counts, and what it has read from the store."""
    return await here.in_thread(read_series, here, place.stream, Range(begins, ends, step))


@router.get("/v1/front-end/examination", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def examine_front_end(here: Here) -> ExaminationDocument:
    """Say how this front end, its machine and its store are set up."""
    return await here.in_thread(examine, here)


@router.get(
    "/v1/homes/{home}/modules/{module}/trace", responses=problems(*READS), dependencies=[requires(Role.READ_DATA)]
)
async def trace_record(
    here: Here,
    place: InStream,
    owner: Annotated[str, Query(description="Of the record")],
    key: Annotated[str, Query(description="Of the record")],
    position: Annotated[
        list[Annotated[int, Query(ge=0, le=HIGHEST)]] | None,
        Query(description="Positions of which batches are told, beside the newest found here", max_length=16),
    ] = None,
) -> RecordTraceDocument:
    """Say what this front end and its pool's store still know of the way of a record's changes."""
    check_owner(owner)
    check_key(key)
    return await here.in_thread(read_trace, here, place, RecordKey(owner, key), position or [])
