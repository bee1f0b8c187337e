"""Health, and who answers here."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from twinpool.errors import StoreUnavailable
from twinpool.security.roles import Role
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Home, Instant
from twinpool_services.frontend.access.requirements import requires
from twinpool_services.frontend.api_docs import READS, problems
from twinpool_services.frontend.context import Context, Here
from twinpool_services.frontend.documents import (
    CheckDocument,
    FrontEndDocument,
    HomeDocument,
    HomePage,
    LeaseDocument,
    LivenessDocument,
    ReadinessDocument,
    iso,
)
from twinpool_services.frontend.paging import MOST, names_token, read_names

router = APIRouter(tags=["health"])

_STARTED_AT = Instant(time.time())


@router.get("/livez", dependencies=[requires(Role.OPEN)])
async def livez(here: Here) -> LivenessDocument:
    """Say that this process runs. A store that does not answer is no reason to restart it: it goes on by itself."""
    return LivenessDocument(alive=True, store=here.store_state)


@router.get("/readyz", responses={503: {"model": ReadinessDocument}}, dependencies=[requires(Role.OPEN)])
async def readyz(here: Here, response: Response) -> ReadinessDocument:
    """Say whether clients may be sent here, and why not."""
    readiness = await here.in_thread(_readiness, here)
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.get("/v1/front-end", dependencies=[requires(Role.CALLER)])
async def get_front_end(here: Here) -> FrontEndDocument:
    """Say who answers here, and who holds the pool's lease."""
    lease, store_state = await here.in_thread(_lease, here)
    return FrontEndDocument(
        pool_fqdn=here.pool.fqdn,
        front_end=here.front_end.name,
        active=here.active,
        process_id=os.getpid(),
        version=version("twinpool"),
        started_at=iso(_STARTED_AT),
        store=store_state,
        lease=LeaseDocument.of(lease) if lease else None,
    )


@router.get("/v1/homes", responses=problems(*READS), dependencies=[requires(Role.CALLER)])
async def list_homes(
    here: Here,
    after: Annotated[str | None, Query(description="`Next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
) -> HomePage:
    """List the homes that this pool knows in order, and who serves each."""
    begin = read_names(after, 1)
    known = sorted(await here.in_thread(here.opened.store.homes), key=attrgetter("home"))
    found = [status for status in known if (status.home,) > begin][: limit + 1]
    more = names_token(found[limit - 1].home) if len(found) > limit else None
    return HomePage(homes=[HomeDocument.of(status) for status in found[:limit]], next=more)


def _readiness(here: Context) -> ReadinessDocument:
    store, standing = CheckDocument(ok=True, required=True, reason=""), _standing(here)
    election = CheckDocument(ok=False, required=False, reason="unknown while the store does not answer")
    try:
        here.opened.store.check()
        election = _election(here.opened.store.current_lease())
    except StoreUnavailable as error:
        store = CheckDocument(ok=False, required=True, reason=str(error))
    ready = store.ok and standing.ok
    return ReadinessDocument(ready=ready, checks={"store": store, "standing": standing, "election": election})


def _standing(here: Context) -> CheckDocument:
    """Required: a pool that has been away takes no writes before it is known who serves its users now."""
    if here.store_state != "open":
        return CheckDocument(ok=False, required=True, reason="unknown while the store does not answer")
    doubt = here.opened.backup.doubt(Home(here.pool.fqdn))
    return CheckDocument(ok=not doubt, required=True, reason=doubt)


def _election(lease: Lease | None) -> CheckDocument:
    """Not required: without an active front end writes are taken, and wait in the log."""
    if lease is None:
        return CheckDocument(ok=False, required=False, reason="no front end holds the lease: nothing is replicated")
    return CheckDocument(ok=True, required=False, reason=f"{lease.holder} holds generation {lease.generation}")


def _lease(here: Context) -> tuple[Lease | None, str]:
    try:
        return here.opened.store.current_lease(), here.store_state
    except StoreUnavailable as error:
        return None, str(error)
