"""Files of conferences: content goes to the content store, then the record that names it is committed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.errors import NotFound
from twinpool.modules.data_conf import DataConf, FileEntry, check_file_name, decode_entry, encode_entry
from twinpool.modules.record_rules import check_owner
from twinpool.security.roles import Role
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import Stream
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, WRITES, answers, answers_bytes, body, problems
from twinpool_services.frontend.bodies import BodyLimits, body_pieces
from twinpool_services.frontend.byte_ranges import ByteRange, requested_range
from twinpool_services.frontend.committing import commit, committed_response, put
from twinpool_services.frontend.context import Context, Here, Place, served_by
from twinpool_services.frontend.documents import CommittedDocument, FileDocument, FilePage, iso
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.file_transfer import ContentResponse, receive_content
from twinpool_services.frontend.paging import MOST, page_token, read_token

router = APIRouter(route_class=ExactRoute, tags=["files"])

CONFERENCE = "/v1/homes/{home}/conferences/{conference}/files"
FILE = CONFERENCE + "/{name:path}"
ANY_TYPE = "application/octet-stream"


@router.put(
    FILE,
    dependencies=[requires(Role.WRITE_DATA)],
    responses={201: {"model": CommittedDocument}, **answers(CommittedDocument, *WRITES)},
    openapi_extra=body("*/*"),
)
async def put_file(here: Here, home: str, conference: str, name: str, request: Request) -> Response:
    """Store a file: streamed to disk, then its record committed; 201 if there was none of that name."""
    place = _place(here, home)
    check_owner(conference)
    check_file_name(name)
    await here.require_writable(place.stream.home)  # Before gigabytes are taken for nothing.
    limits = BodyLimits(bytes=here.limits.file_bytes, idle=here.limits.idle)
    stored = await receive_content(here, body_pieces(request, limits))
    entry = FileEntry(
        digest=stored.digest,
        size=stored.size,
        content_type=request.headers.get("content-type") or ANY_TYPE,
        modified_at=await here.in_thread(here.opened.store.now),
    )
    return await put(here, place, Change(conference, name, encode_entry(entry)))


@router.get(FILE, responses=answers_bytes(416, *READS), dependencies=[requires(Role.READ_DATA)])
async def get_file(here: Here, home: str, conference: str, name: str, request: Request) -> Response:
    """Return a file; `ETag` is the digest of its content, and one `Range` may be asked for."""
    place = _place(here, home)
    entry, headers = await here.in_thread(_entry, here, place, RecordKey(conference, name))
    etag = f'"{entry.digest}"'
    headers |= {"ETag": etag, "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    part = requested_range(request.headers.get("range"), entry.size)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.first}-{part.end - 1}/{entry.size}"
    whole = ByteRange(0, entry.size)
    length = (part or whole).end - (part or whole).first
    file = await here.in_thread(here.opened.content.open, entry.digest)
    return ContentResponse(
        here,
        file,
        part or whole,
        status_code=HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT,
        headers={**headers, "Content-Type": entry.content_type, "Content-Length": str(length)},
    )


@router.delete(FILE, responses=answers(CommittedDocument, *WRITES), dependencies=[requires(Role.WRITE_DATA)])
async def delete_file(here: Here, home: str, conference: str, name: str) -> Response:
    """Delete a file; deleting what is not there is no error. Content that no record names is swept later."""
    return committed_response(await commit(here, _place(here, home), [Change(conference, name, None)]))


@router.get(CONFERENCE, responses=problems(*READS), dependencies=[requires(Role.READ_DATA)])
async def list_files(
    *,
    here: Here,
    home: str,
    conference: str,
    response: Response,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> FilePage:
    """List the files of a conference in order of their names."""
    place = _place(here, home)
    check_owner(conference)
    store, begin = here.opened.store, read_token(after)
    found = await here.in_thread(store.scan, place.stream, after=begin, limit=limit + 1, owner=conference)
    response.headers.update(await here.in_thread(served_by, store, place.stream.home))
    files = [_document(record) for record in found[:limit]]
    return FilePage(files=files, next=page_token(found[limit - 1]) if len(found) > limit else None)


def _place(here: Context, home: str) -> Place:
    known = here.home_of(home)
    module = here.module_of(known, DataConf.name)
    return Place(Stream(known, module.name), module)


def _entry(here: Context, place: Place, at: RecordKey) -> tuple[FileEntry, dict[str, str]]:
    check_owner(at.owner)
    check_file_name(at.key)
    store = here.opened.store
    value = store.read(place.stream, at)
    if value is None:
        raise NotFound(f"there is no file {at.key!r:.80} of conference {at.owner!r:.80}")
    return decode_entry(value), served_by(store, place.stream.home)


def _document(record: Record) -> FileDocument:
    entry = decode_entry(record.value)
    return FileDocument(
        name=record.key,
        size=entry.size,
        digest=entry.digest,
        content_type=entry.content_type,
        modified_at=iso(entry.modified_at),
    )
