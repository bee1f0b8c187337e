"""Pools: the backup status, the relationship, and forced synchronisation. A front end answers for its own pool."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError

from twinpool.errors import HomeNotServed, InvalidParameter, StoreUnavailable
from twinpool.modules.module import Module
from twinpool.ports.store import Store
from twinpool.security.roles import Role
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import CMS_HOME, Instant, Stream
from twinpool.vocabulary.states import BackupStatus
from twinpool_services.backup import paired_homes, read_status, unreadable_status
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, json_body, problems
from twinpool_services.frontend.bodies import read_object
from twinpool_services.frontend.calls import OneOfTheCalls
from twinpool_services.frontend.context import Context, Here, own_pool
from twinpool_services.frontend.documents import (
    BackupStatusDocument,
    PendingSyncDocument,
    PendingSyncsDocument,
    RelationshipDocument,
    SyncAcceptedDocument,
    SyncRequestDocument,
)
from twinpool_services.frontend.exact_route import ExactRoute
from twinpool_services.frontend.paging import HIGHEST, MOST

router = APIRouter(route_class=ExactRoute, tags=["management"], dependencies=[OneOfTheCalls])

POOL = "/v1/pools/{fqdn}"
CategoryName = Literal["All", "UserData", "CMS"]


@router.get(POOL + "/backup-status", responses=problems(*READS), dependencies=[requires(Role.BACKUP_SERVICE)])
async def get_backup_status(
    here: Here,
    fqdn: str,
    category: Annotated[CategoryName, Query(description="Which modules")] = "All",
    module: Annotated[str, Query(description="Full or short name, or All; case does not matter")] = "All",
) -> BackupStatusDocument:
    """Return the status towards the backup pool: one-way, and a snapshot.

    While the store cannot be used the answer is still a status: every state is an error, with the reason.
    """
    own_pool(here, fqdn)
    wanted = {chosen.name for chosen in here.modules.select(module) if category in {"All", chosen.category}}
    status = await here.in_thread(_status, here)
    document = BackupStatusDocument.of(status)
    rows = [row for row in document.backup_modules if row.identity in wanted]
    return document.model_copy(update={"backup_modules": rows})


@router.get(POOL + "/backup-relationship", responses=problems(*READS), dependencies=[requires(Role.VIEW)])
async def get_backup_relationship(here: Here, fqdn: str) -> RelationshipDocument:
    """Return the backup pool of any pool of the deployment."""
    pool = here.deployment.pool(fqdn)
    return RelationshipDocument(pool_fqdn=pool.fqdn, backup_pool_fqdn=here.deployment.partner_of(pool.fqdn))


@router.get(POOL + "/sync", responses=problems(*READS), dependencies=[requires(Role.BACKUP_SERVICE)])
async def list_sync_requests(
    here: Here,
    fqdn: str,
    after: Annotated[int, Query(ge=0, le=HIGHEST, description="`Next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> PendingSyncsDocument:
    """List the synchronisations that were asked for and are not under way.

    A full one is under way once the backup pool has its first piece; see `import-progress` there for the rest.
    """
    own_pool(here, fqdn)
    requests = await here.in_thread(here.opened.store.sync_requests, after)
    pending = [
        PendingSyncDocument(number=number, home=stream.home, backup_module=stream.module, full=full)
        for number, stream, full in requests[:limit]
    ]
    more = pending[-1].number if len(requests) > limit else None
    return PendingSyncsDocument(pool_fqdn=here.pool.fqdn, requests=pending, next=more)


@router.post(
    POOL + "/sync",
    dependencies=[requires(Role.BACKUP_SERVICE)],
    status_code=202,
    responses=problems(*READS),
    openapi_extra=json_body(SyncRequestDocument.model_json_schema()),
)
async def request_sync(here: Here, fqdn: str, request: Request) -> SyncAcceptedDocument:
    """Ask the active front end to synchronise now, from the log or (`Full`) by snapshot."""
    wanted = _sync_request(await read_object(request, here.limits.idle))
    own_pool(here, fqdn)
    chosen = here.modules.select(wanted.backup_module)
    streams = await here.in_thread(_request, here, chosen, full=wanted.full)
    return SyncAcceptedDocument(
        pool_fqdn=here.pool.fqdn, backup_modules=sorted({stream.module for stream in streams}), full=wanted.full
    )


def _sync_request(given: dict[str, Any]) -> SyncRequestDocument:
    try:
        return SyncRequestDocument.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"{field}: {first['msg']}", field=field) from error


def _status(here: Context) -> BackupStatus:
    pool = here.pool.fqdn
    try:
        opened = here.opened
        configuration: BackupServiceConfiguration = opened.configurations.current()
        return read_status(opened.store, here.deployment, pool, here.modules, configuration)
    except StoreUnavailable as error:
        reason = f"the pool store cannot be used: {error}"
        return unreadable_status(here.deployment, pool, here.modules, reason, Instant(time.time()))


def _request(here: Context, chosen: tuple[Module, ...], *, full: bool) -> list[Stream]:
    """Note a request for each stream of the modules that this pool serves.

    Raises `HomeNotServed` if a single module was asked for and another pool exports it.
    """
    store: Store = here.opened.store
    homes = paired_homes(here.deployment, here.pool.fqdn, store.homes())
    streams = [
        Stream(home.home, module.name)
        for module in chosen
        for home in homes
        if (home.home == CMS_HOME) == module.category.is_cms and home.serving_pool == here.pool.fqdn
    ]
    if not streams:
        raise _served_elsewhere(here, homes, chosen[0])
    for stream in streams:
        store.request_sync(stream, full=full)
    return streams


def _served_elsewhere(here: Context, homes: list[HomeStatus], module: Module) -> HomeNotServed:
    home = CMS_HOME if module.category.is_cms else here.pool.fqdn
    return HomeNotServed(home, next((status.serving_pool for status in homes if status.home == home), None))
