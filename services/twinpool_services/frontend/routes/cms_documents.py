"""Documents of the Central Management store: JSON under a kind and a name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from twinpool.errors import NotFound
from twinpool.modules.cms_master import CmsMaster
from twinpool.modules.record_rules import check_key, check_owner
from twinpool.security.roles import Role
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD
from twinpool.vocabulary.names import CMS_HOME, Stream
from twinpool_services.frontend.access.requirements import require, requires
from twinpool_services.frontend.api_docs import READS, WRITES, answers, body, problems
from twinpool_services.frontend.bodies import BodyLimits, read_body
from twinpool_services.frontend.committing import commit, committed_response, put
from twinpool_services.frontend.context import Context, Here, Place, served_by
from twinpool_services.frontend.documents import CmsDocumentPage, CmsDocumentPlace, CommittedDocument
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.paging import MOST, page_token, read_token

router = APIRouter(route_class=ExactRoute, tags=["cms"])

DOCUMENTS = "/v1/cms/documents"
DOCUMENT = DOCUMENTS + "/{kind}/{name:path}"


@router.get(DOCUMENTS, responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def list_documents(
    *,
    here: Here,
    response: Response,
    kind: Annotated[str | None, Query(description="Of this kind alone")] = None,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> CmsDocumentPage:
    """List where documents lie, in order."""
    if kind is not None:
        check_owner(kind)
    store, begin = here.opened.store, read_token(after)
    found = await here.in_thread(store.scan, cms_place(here).stream, after=begin, limit=limit + 1, owner=kind)
    response.headers.update(await here.in_thread(served_by, store, CMS_HOME))
    documents = [CmsDocumentPlace(kind=record.owner, name=record.key) for record in found[:limit]]
    return CmsDocumentPage(documents=documents, next=page_token(found[limit - 1]) if len(found) > limit else None)


@router.get(
    DOCUMENT,
    responses={200: {"content": {"application/json": {}}}, **problems(*READS)},
    dependencies=[requires(Role.VIEW)],
)
async def get_document(here: Here, kind: str, name: str) -> Response:
    """Return a document as this pool's replica has it."""
    check_owner(kind)
    check_key(name)
    store = here.opened.store
    value = await here.in_thread(store.read, cms_place(here).stream, RecordKey(kind, name))
    if value is None:
        raise NotFound(f"there is no document {name!r:.80} of kind {kind!r:.80}")
    headers = await here.in_thread(served_by, store, CMS_HOME)
    return Response(value, media_type="application/json", headers=headers)


@router.put(
    DOCUMENT,
    dependencies=[requires(Role.ADMINISTER)],
    responses={201: {"model": CommittedDocument}, **answers(CommittedDocument, *WRITES)},
    openapi_extra=body("application/json"),
)
async def put_document(here: Here, kind: str, name: str, request: Request) -> Response:
    """Store a document; only at the active CMS master. Who may call the backup service is for server administrators."""
    await _require_for(request, kind)
    value = await read_body(request, BodyLimits(bytes=here.limits.record_bytes, idle=here.limits.idle))
    return await put(here, cms_place(here), Change(kind, name, value))


@router.delete(DOCUMENT, responses=answers(CommittedDocument, *WRITES), dependencies=[requires(Role.ADMINISTER)])
async def delete_document(here: Here, kind: str, name: str, request: Request) -> Response:
    """Delete a document; deleting what is not there is no error."""
    await _require_for(request, kind)
    return committed_response(await commit(here, cms_place(here), [Change(kind, name, None)]))


async def _require_for(request: Request, kind: str) -> None:
    """Let no administrator say by a document what only server administrators may by the configuration."""
    if kind == CONFIGURATION_RECORD.owner:
        await require(request, Role.ADMINISTER_SERVERS)


def cms_place(here: Context) -> Place:
    """Return the stream of the documents."""
    module = here.module_of(CMS_HOME, CmsMaster.name)
    return Place(Stream(CMS_HOME, module.name), module)
