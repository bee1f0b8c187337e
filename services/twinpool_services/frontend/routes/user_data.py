"""User data as a whole: a consistent state to export, content by its digest, and what a former backup pool left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.content.files import checked
from twinpool.errors import ContentMissing, NotFound
from twinpool.security.roles import Role
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, WRITES, answers_bytes, body, problems
from twinpool_services.frontend.backup_data import kept, remove
from twinpool_services.frontend.bodies import BodyLimits, body_pieces
from twinpool_services.frontend.byte_ranges import ByteRange
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.consistent_reading import ConsistentReading
from twinpool_services.frontend.context import Context, Here, InStream, own_pool
from twinpool_services.frontend.documents import (
    BackupDataPage,
    ContentDocument,
    ImportProgressDocument,
    iso,
)
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.file_transfer import ContentResponse, StreamedResponse, receive_content
from twinpool_services.frontend.paging import MOST
from twinpool_services.frontend.transaction_streams import MSGPACK

router = APIRouter(route_class=ExactRoute, tags=["user data"], dependencies=[OneOfTheCalls])

STREAM = "/v1/homes/{home}/modules/{module}"
CONTENT = "/v1/homes/{home}/content/{digest}"
BACKUP_DATA = "/v1/pools/{fqdn}/backup-data"
BINARY = "application/octet-stream"


@router.get(
    STREAM + "/state",
    responses=answers_bytes(*READS, media_type=MSGPACK),
    dependencies=[requires(Role.READ_DATA, audited=True)],
    response_class=Response,
)
async def get_state(
    here: Here,
    place: InStream,
    owner: Annotated[list[str] | None, Query(description="only the records of these owners")] = None,
) -> Response:
    """Return all records in order, as they were at one position; at the serving pool alone.

    `application/msgpack`: arrays `[owner, key, value, …]`, which `bulk` takes. `Twinpool-Position` and `Twinpool-Term`
    say of when. A body that breaks off is not whole.
    """
    opened = here.opened
    aside = opened.content.root / "incoming"
    reading = await here.in_thread(
        lambda: ConsistentReading(opened.store, place.stream, place.module, owners=owner or (), aside=aside)
    )
    try:
        state = await here.in_thread(reading.prepare)
    except BaseException:  # Whatever it is, a cancelled request included: the spool has to go.
        reading.close()
        raise
    headers = {
        "Twinpool-Position": str(state.position),
        "Twinpool-Term": str(state.term),
        "Twinpool-As-Of": iso(state.as_of),
    }
    return StreamedResponse(
        _in_threads(here, reading.pages()), on_end=reading.close, headers=headers, media_type=MSGPACK
    )


@router.get(STREAM + "/import-progress", responses=problems(*READS), dependencies=[requires(Role.CALLER)])
async def get_import_progress(here: Here, place: InStream) -> ImportProgressDocument:
    """Say how far this pool has come with importing a stream that another one serves."""
    progress = await here.in_thread(here.opened.store.import_progress, place.stream)
    return ImportProgressDocument(
        home=place.stream.home,
        backup_module=place.stream.module,
        term=progress.cursor.term if progress.cursor else None,
        position=progress.cursor.position if progress.cursor else None,
        staging=progress.staging is not None,
    )


@router.get(CONTENT, responses=answers_bytes(*READS), dependencies=[requires(Role.READ_DATA)])
async def get_content(here: Here, home: str, digest: str) -> Response:
    """Return content of a conference's file by the digest that its record names."""
    here.home_of(home)
    content, known = here.opened.content, checked(digest)
    try:
        size = await here.in_thread(content.size, known)
        file = await here.in_thread(content.open, known)
    except ContentMissing as error:
        raise NotFound(f"there is no content {digest}") from error
    headers = {"Content-Length": str(size), "Content-Type": BINARY}
    return ContentResponse(here, file, ByteRange(0, size), status_code=HTTPStatus.OK, headers=headers)


@router.post(CONTENT + "/hold", responses=problems(*WRITES), dependencies=[requires(Role.WRITE_DATA)])
async def hold_content(here: Here, home: str, digest: str) -> ContentDocument:
    """Keep content that is here for a day, for a record will soon name it. 404 if it has to be sent first."""
    await here.require_writable(here.home_of(home))
    content, known = here.opened.content, checked(digest)
    if not await here.in_thread(content.hold, known):
        raise NotFound(f"there is no content {digest}")
    return ContentDocument(digest=digest, size=await here.in_thread(content.size, known))


@router.put(CONTENT, responses=problems(*WRITES), openapi_extra=body(BINARY), dependencies=[requires(Role.WRITE_DATA)])
async def put_content(here: Here, home: str, digest: str, request: Request) -> ContentDocument:
    """Store content before the record that names it; 422, and nothing is kept, if it has another digest."""
    expected = checked(digest)
    await here.require_writable(here.home_of(home))
    limits = BodyLimits(bytes=here.limits.file_bytes, idle=here.limits.idle)
    stored = await receive_content(here, body_pieces(request, limits), expected)
    return ContentDocument(digest=stored.digest, size=stored.size)


@router.get(BACKUP_DATA, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_backup_data(
    here: Here,
    fqdn: str,
    after: Annotated[str | None, Query(description="`Next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> BackupDataPage:
    """List what this pool keeps of homes that are neither its own nor its backup pool's."""
    own_pool(here, fqdn)
    return await here.in_thread(kept, here, after, limit)


@router.post(BACKUP_DATA + "/removal", responses=problems(409, *READS), dependencies=[requires(Role.ADMINISTER)])
async def remove_backup_data(here: Here, fqdn: str) -> BackupDataPage:
    """Remove it, and return what there was."""
    own_pool(here, fqdn)
    return await here.in_thread(remove, here)


async def _in_threads(here: Context, pages: Iterator[bytes]) -> AsyncIterator[bytes]:
    while page := await here.in_thread(next, pages, b""):
        yield page
