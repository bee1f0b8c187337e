"""Records: `/v1/homes/{home}/modules/{module}/records`."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.errors import NotFound
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.ports.store import Store
from twinpool.security.roles import Role
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import Stream
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, WRITES, answers, answers_bytes, body, problems
from twinpool_services.frontend.bodies import BodyLimits, read_body
from twinpool_services.frontend.committing import commit, committed_response, put
from twinpool_services.frontend.context import Here, InStream, served_by
from twinpool_services.frontend.documents import CommittedDocument, CountDocument, RecordDocument, RecordPage
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.paging import MOST, page_token, read_token

router = APIRouter(route_class=ExactRoute, tags=["records"])

STREAM = "/v1/homes/{home}/modules/{module}"
RECORD = STREAM + "/records/{owner}/{key:path}"


@router.put(
    RECORD,
    dependencies=[requires(Role.WRITE_DATA)],
    responses={201: {"model": CommittedDocument}, **answers(CommittedDocument, *WRITES)},
    openapi_extra=body("application/octet-stream"),
)
async def put_record(here: Here, place: InStream, owner: str, key: str, request: Request) -> Response:
    """Store a record: 201 if there was none, else 200; answered after the commit."""
    value = await read_body(request, BodyLimits(bytes=here.limits.record_bytes, idle=here.limits.idle))
    return await put(here, place, Change(owner, key, value))


@router.get(RECORD, responses=answers_bytes(*READS), dependencies=[requires(Role.READ_DATA)])
async def get_record(here: Here, place: InStream, owner: str, key: str) -> Response:
    """Return a record's bytes as this pool has them."""
    _check_names(owner, key)
    store = here.opened.store

    def read() -> tuple[bytes | None, dict[str, str]]:
        return store.read(place.stream, RecordKey(owner, key)), served_by(store, place.stream.home)

    value, headers = await here.in_thread(read)
    if value is None:
        raise NotFound(f"there is no record {key!r:.80} of {owner!r:.80} in {place.stream}")
    return Response(value, media_type="application/octet-stream", headers=headers)


@router.delete(RECORD, responses=answers(CommittedDocument, *WRITES), dependencies=[requires(Role.WRITE_DATA)])
async def delete_record(here: Here, place: InStream, owner: str, key: str) -> Response:
    """Delete a record; deleting what is not there is no error."""
    return committed_response(await commit(here, place, [Change(owner, key, None)]))


@router.get(STREAM + "/records", responses=problems(*READS), dependencies=[requires(Role.READ_DATA)])
async def list_records(
    *,
    here: Here,
    place: InStream,
    response: Response,
    owner: Annotated[str | None, Query(description="Of this owner alone")] = None,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    values: Annotated[bool, Query(description="Leave the values out if false")] = True,
) -> RecordPage:
    """List records in order; a page may be shorter than `limit` where values are large."""
    if owner is not None:
        check_owner(owner)
    begin = read_token(after)
    store = here.opened.store
    walk = _Walk(store, place.stream, owner, here.limits, with_values=values)
    records, more = await here.in_thread(walk.page, begin, limit)
    response.headers.update(await here.in_thread(served_by, store, place.stream.home))
    return RecordPage(
        records=[_document(record, with_value=values) for record in records],
        next=page_token(records[-1]) if more else None,
    )


@router.get(STREAM + "/count", responses=problems(*READS), dependencies=[requires(Role.READ_DATA)])
async def count_records(here: Here, place: InStream, response: Response) -> CountDocument:
    """Count the records of a stream."""
    store = here.opened.store
    response.headers.update(await here.in_thread(served_by, store, place.stream.home))
    return CountDocument(count=await here.in_thread(store.record_count, place.stream))


class _Walk:
    """Reads one page of bounded size."""

    FIRST_PIECE = 8  #: records that are read before it is known how large they are

    def __init__(self, store: Store, stream: Stream, owner: str | None, limits: Limits, *, with_values: bool) -> None:
        self._store, self._stream, self._owner = store, stream, owner
        self._max_bytes = limits.page_bytes
        self._with_values = with_values

    def page(self, after: RecordKey | None, limit: int) -> tuple[list[Record], bool]:
        """Return up to `limit` records of about the allowed size, and whether there are more."""
        records: list[Record] = []
        size = 0
        piece = self.FIRST_PIECE
        while len(records) < limit and size < self._max_bytes:
            wanted = min(piece, limit - len(records))
            found = self._store.scan(self._stream, after=after, limit=wanted, owner=self._owner)
            size += sum(len(record.value) for record in found)
            records += found if self._with_values else [record._replace(value=b"") for record in found]
            if len(found) < wanted:
                return records, False
            after = RecordKey(*found[-1][:2])
            piece = max(1, min(limit, (self._max_bytes - size) * len(records) // max(size, 1)))
        return records, bool(self._store.scan(self._stream, after=after, limit=1, owner=self._owner))


def _check_names(owner: str, key: str) -> None:
    check_owner(owner)
    check_key(key)


def _document(record: Record, *, with_value: bool) -> RecordDocument:
    value = base64.b64encode(record.value).decode("ascii") if with_value else None
    return RecordDocument(owner=record.owner, key=record.key, value=value)
