"""Records looked up by their places: what the serving pool holds, for those who compare."""

from __future__ import annotations

import base64
import json

from fastapi import APIRouter, Request
from pydantic import ValidationError

from twinpool.errors import InvalidParameter
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.security.roles import Role
from twinpool.vocabulary.change import RecordKey
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import WRITES, json_body, problems
from twinpool_services.frontend.bodies import BodyLimits, read_body
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, InStream, Place
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.record_lookup import (
    MOST_VALUES,
    Found,
    FoundDocument,
    FoundPage,
    LookupDocument,
    PlaceDocument,
    look_up,
    require_serving,
)

router = APIRouter(route_class=ExactRoute, tags=["records"], dependencies=[OneOfTheCalls])

BODY_BYTES = 4 * 1024 * 1024


@router.post(
    "/v1/homes/{home}/modules/{module}/lookup",
    dependencies=[requires(Role.READ_DATA)],
    responses=problems(*WRITES),
    openapi_extra=json_body(LookupDocument.model_json_schema()),
)
async def look_records_up(here: Here, place: InStream, request: Request) -> FoundPage:
    """Return fingerprints of up to 1,000 records, or the values of up to 16; at the serving pool alone."""
    wanted = _wanted(await read_body(request, BodyLimits(bytes=BODY_BYTES, idle=here.limits.idle)))
    return await here.in_thread(_look_up, here, place, wanted)


def _look_up(here: Context, place: Place, wanted: LookupDocument) -> FoundPage:
    require_serving(here, place.stream)
    keys = [_key(each) for each in wanted.records]
    found = look_up(here, place.stream, keys)
    return FoundPage(records=[_document(each, with_value=wanted.values) for each in found])


def _key(place: PlaceDocument) -> RecordKey:
    check_owner(place.owner)
    check_key(place.key)
    return RecordKey(place.owner, place.key)


def _document(found: Found | None, *, with_value: bool) -> FoundDocument:
    if found is None:
        return FoundDocument(fingerprint=None, size=None, value=None)
    value = base64.b64encode(found.value).decode("ascii") if with_value else None
    return FoundDocument(fingerprint=found.fingerprint.hex(), size=found.size, value=value)


def _wanted(body: bytes) -> LookupDocument:
    try:
        wanted = LookupDocument.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"{field}: {first['msg']}", field=field) from error
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"the body is no JSON: {error}") from error
    if wanted.values and len(wanted.records) > MOST_VALUES:
        raise InvalidParameter(f"values of {MOST_VALUES} records at most are returned", field="Values")
    return wanted
