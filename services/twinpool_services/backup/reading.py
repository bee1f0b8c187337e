"""How replication stands, read from the pool store: each route and each stream by itself, for those who watch."""

from __future__ import annotations

import time
from dataclasses import dataclass

from twinpool.modules.registry import Modules
from twinpool.ports.standings import RouteStanding, StreamStanding
from twinpool.ports.store import Store
from twinpool.protocol.classification import classify_export, classify_import
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Instant, PoolFqdn, Position, Route
from twinpool.vocabulary.session import ImportProgress
from twinpool.vocabulary.states import ExportProgress, ExportState, ImportLedger, ImportState
from twinpool_services.backup.roles import ImportRole, paired_homes, roles_of
from twinpool_services.backup.status import progress_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReading:
    """A route that this pool feeds."""

    route: Route
    progress: ExportProgress
    state: ExportState
    reason: str
    settled: Position  #: up to here no change set can still come that is not visible now
    log_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReading:
    """A stream that this pool is fed."""

    role: ImportRole
    progress: ImportProgress
    ledger: ImportLedger
    state: ImportState


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A pool, as its store has it."""

    as_of: Instant  #: by the store's clock
    seconds: float  #: that the reading took
    lease: Lease | None
    homes: tuple[HomeStatus, ...]
    routes: tuple[RouteReading, ...]
    streams: tuple[StreamReading, ...]


def read_replication(
    store: Store,
    deployment: Deployment,
    pool: PoolFqdn,
    modules: Modules,
    configuration: BackupServiceConfiguration,
) -> Reading:
    """Read how a pool stands. Raises `StoreUnavailable`."""
    began = time.monotonic()
    homes = paired_homes(deployment, pool, store.homes())
    user = [module.name for module in modules if not module.category.is_cms]
    cms = [module.name for module in modules if module.category.is_cms]
    roles = roles_of(deployment, pool, homes, user, cms)
    routes = [role.route for role in roles.exports]
    told_routes = store.route_standings(routes)
    told_streams = store.stream_standings([role.stream for role in roles.imports])
    as_of = store.now()  # Behind all that is judged by it.
    return Reading(
        as_of=as_of,
        seconds=time.monotonic() - began,
        lease=store.current_lease(),
        homes=tuple(homes),
        routes=tuple(
            _route(route, told, configuration, as_of) for route, told in zip(routes, told_routes, strict=True)
        ),
        streams=tuple(_stream(role, told) for role, told in zip(roles.imports, told_streams, strict=True)),
    )


def _route(
    route: Route, told: RouteStanding, configuration: BackupServiceConfiguration, as_of: Instant
) -> RouteReading:
    progress = progress_of(told, configuration, as_of)
    state, reason = classify_export(progress)
    return RouteReading(
        route=route,
        progress=progress,
        state=state,
        reason=reason,
        settled=told.settled,
        log_bytes=told.log_bytes,
    )


def _stream(role: ImportRole, told: StreamStanding) -> StreamReading:
    return StreamReading(role=role, progress=told.progress, ledger=told.ledger, state=classify_import(told.ledger))
