"""Bulk writes: a stream of transactions in one request."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request

from twinpool.errors import TwinpoolError
from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import WRITES, answers, body
from twinpool_services.frontend.bodies import BodyLimits, body_pieces
from twinpool_services.frontend.bulk import BulkWrite
from twinpool_services.frontend.committing import acceptance
from twinpool_services.frontend.context import Here, InStream
from twinpool_services.frontend.crowd import hold
from twinpool_services.frontend.documents import BulkDocument
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.failures import BulkEnded
from twinpool_services.frontend.transaction_streams import MSGPACK, NDJSON, transaction_stream

router = APIRouter(route_class=ExactRoute, tags=["records"])

_WITHOUT_END = 2**63


@router.post(
    "/v1/homes/{home}/modules/{module}/bulk",
    dependencies=[requires(Role.WRITE_DATA)],
    responses=answers(BulkDocument, 415, *WRITES),
    openapi_extra=body(NDJSON, MSGPACK),
)
async def write_in_bulk(here: Here, place: InStream, request: Request) -> BulkDocument:
    """Commit transactions as they come in; each is its own change set, and what is wrong with one is told beside it.

    `application/x-ndjson`: a transaction a line. `application/msgpack`: arrays `[owner, key, value or nil, …]`.
    """
    stream = transaction_stream(request.headers.get("content-type", ""), here.limits)
    if stream is None:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"bulk takes {NDJSON} and {MSGPACK}")
    await here.require_writable(place.stream.home)
    hold(request.scope, here.limits.bulk_bytes)
    opened = here.opened
    write = BulkWrite(here, stream, acceptance(here, opened, place), opened.commits)
    pieces = body_pieces(request, BodyLimits(bytes=_WITHOUT_END, idle=here.limits.idle))
    try:
        await write.run(pieces)
    except (TwinpoolError, HTTPException) as error:
        raise BulkEnded(error, write.tally.document()) from error
    return write.tally.document()
