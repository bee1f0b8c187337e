"""Transactions: several changes of one stream, all or nothing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import WRITES, answers, json_body
from twinpool_services.frontend.bodies import BodyLimits, read_body
from twinpool_services.frontend.changes import changes_of_json
from twinpool_services.frontend.committing import commit, committed_response
from twinpool_services.frontend.context import Here, InStream
from twinpool_services.frontend.documents import CommittedDocument
from twinpool_services.frontend.exact_route import ExactRoute

router = APIRouter(route_class=ExactRoute, tags=["records"])

_CHANGE = {
    "type": "object",
    "required": ["op", "owner", "key"],
    "properties": {
        "op": {"enum": ["put", "delete"]},
        "owner": {"type": "string"},
        "key": {"type": "string"},
        "value": {"type": "string", "format": "byte", "description": "Base64; only with put"},
    },
}
_TRANSACTION = {
    "type": "object",
    "required": ["changes"],
    "properties": {"changes": {"type": "array", "minItems": 1, "maxItems": 10_000, "items": _CHANGE}},
}


@router.post(
    "/v1/homes/{home}/modules/{module}/transactions",
    dependencies=[requires(Role.WRITE_DATA)],
    responses=answers(CommittedDocument, *WRITES),
    openapi_extra=json_body(_TRANSACTION),
)
async def commit_transaction(here: Here, place: InStream, request: Request) -> Response:
    """Commit up to 10,000 changes of up to 4 MiB as one change set, all or nothing."""
    limits = BodyLimits(bytes=here.limits.transaction_body_bytes, idle=here.limits.idle)
    changes = await here.in_thread(changes_of_json, await read_body(request, limits))
    return committed_response(await commit(here, place, changes))
