"""The status of a pool towards its backup pool: read from the pool store, so that every front end can say it."""

from __future__ import annotations

from twinpool.modules.registry import Modules
from twinpool.ports.standings import RouteStanding
from twinpool.ports.store import Store
from twinpool.protocol.classification import (
    age_of_oldest,
    classify_export,
    classify_import,
    worst_export,
    worst_import,
)
from twinpool.vocabulary.change import Pending
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Instant, ModuleName, PoolFqdn, Route, Stream
from twinpool.vocabulary.states import BackupStatus, ExportProgress, ExportState, ImportState, ModuleStatus
from twinpool_services.backup.roles import paired_homes
from twinpool_services.backup.untrusted import read_untrusted


def progress_of(standing: RouteStanding, configuration: BackupServiceConfiguration, as_of: Instant) -> ExportProgress:
    """Return all that the export state of a route is concluded from, of a home that is served here."""
    return ExportProgress(
        served=True,
        ledger=standing.ledger,
        head=standing.head,
        pending=standing.pending,
        batch_changes=configuration.max_changes_per_batch,
        batch_bytes=configuration.max_batch_bytes,
        sync_interval=configuration.sync_interval,
        ack_timeout=configuration.ack_timeout,
        as_of=as_of,
        oldest=standing.oldest,
    )


def read_status(
    store: Store,
    deployment: Deployment,
    pool: PoolFqdn,
    modules: Modules,
    configuration: BackupServiceConfiguration,
) -> BackupStatus:
    """Read the status of the pool whose store this is. Raises `StoreUnavailable`.

    A store that can be read but not written, because its disk is full, takes no note of failures either. Nobody can be
    elected on it; so where nobody is, it is tried.
    """
    backup_pool = deployment.partner_of(pool)
    homes = paired_homes(deployment, pool, store.homes())
    reader = _Reader(store, backup_pool, pool, homes, configuration, modules)
    rows = tuple(reader.row(module.name, is_cms=module.category.is_cms) for module in modules)
    lease = store.current_lease()
    if lease is None:
        store.check()
    return BackupStatus(
        pool=pool,
        backup_pool=backup_pool,
        active_machine=lease.holder if lease else None,
        export_state=worst_export(row.export_state for row in rows),
        import_state=worst_import(row.import_state for row in rows),
        as_of=store.now(),
        modules=rows,
        untrusted=read_untrusted(store),
    )


#: Of the homes that a pool serves; of one whose backup pool was never heard nothing is known, so no other hides it.
_SEVERITY = (
    ExportState.ERROR,
    ExportState.NOT_INITIALIZED,
    ExportState.NON_STEADY,
    ExportState.STEADY,
    ExportState.FINAL,
)


class _Reader:
    """Reads the rows of one status."""

    def __init__(
        self,
        store: Store,
        backup_pool: PoolFqdn | None,
        pool: PoolFqdn,
        homes: list[HomeStatus],
        configuration: BackupServiceConfiguration,
        modules: Modules,
    ) -> None:
        self._backup_pool, self._pool = backup_pool, pool
        self._homes, self._configuration = homes, configuration
        served, copied = self._streams_of(modules)
        routes = [] if backup_pool is None else [Route(stream, backup_pool) for stream in served]
        self._routes = dict(zip(routes, store.route_standings(routes), strict=True))
        self._imports = dict(zip(copied, store.stream_standings(copied), strict=True))
        self._as_of = store.now()  # Behind all that is judged by it.

    def _streams_of(self, modules: Modules) -> tuple[list[Stream], list[Stream]]:
        """Return those that we serve, and those that we are fed."""
        served: list[Stream] = []
        copied: list[Stream] = []
        for module in modules:
            for home in self._of(is_cms=module.category.is_cms):
                (served if home.serving_pool == self._pool else copied).append(Stream(home.home, module.name))
        return served, copied

    def _of(self, *, is_cms: bool) -> list[HomeStatus]:
        return [home for home in self._homes if (home.home == CMS_HOME) == is_cms]

    def row(self, module: ModuleName, *, is_cms: bool) -> ModuleStatus:
        """Roll the homes of a module up: the worst of what this pool exports, and of what it imports."""
        homes = self._of(is_cms=is_cms)
        exports = [self._export(module, home) for home in homes if home.serving_pool == self._pool]
        copied = [Stream(home.home, module) for home in homes if home.serving_pool != self._pool]
        imports = [self._imports[stream].ledger for stream in copied]
        failures = [ledger.failure for ledger in imports if ledger.failure]
        import_state = worst_import(map(classify_import, imports))
        worst = min(exports, key=lambda row: _SEVERITY.index(row.export_state), default=self._not_served(module))
        return ModuleStatus(
            identity=module,
            export_state=worst.export_state,
            import_state=import_state,
            reason="; ".join(filter(None, [worst.reason, *failures])),
            head=worst.head,
            acknowledged=worst.acknowledged,
            pending_changes=sum(row.pending_changes for row in exports),
            oldest_pending=worst.oldest_pending,
        )

    def _export(self, module: ModuleName, home: HomeStatus) -> ModuleStatus:
        if self._backup_pool is None:
            return self._not_served(module, "this pool has no backup pool")
        route = Route(Stream(home.home, module), self._backup_pool)
        progress = progress_of(self._routes[route], self._configuration, self._as_of)
        state, reason = classify_export(progress)
        pending: Pending = progress.pending
        return ModuleStatus(
            identity=module,
            export_state=state,
            import_state=ImportState.NORMAL,
            reason=reason,
            head=progress.head,
            acknowledged=progress.ledger.acknowledged,
            pending_changes=pending.changes,
            oldest_pending=age_of_oldest(progress) if pending.changes else None,
        )

    def _not_served(self, module: ModuleName, reason: str = "") -> ModuleStatus:
        return ModuleStatus(
            identity=module,
            export_state=ExportState.NOT_INITIALIZED,
            import_state=ImportState.NORMAL,
            reason=reason,
            head=ORIGIN,
            acknowledged=ORIGIN,
            pending_changes=0,
            oldest_pending=None,
        )


def unreadable_status(
    deployment: Deployment, pool: PoolFqdn, modules: Modules, reason: str, as_of: Instant
) -> BackupStatus:
    """Say what can be said while the pool store cannot be used: the exact status is unknown, and why."""
    rows = tuple(
        ModuleStatus(
            identity=module.name,
            export_state=ExportState.ERROR,
            import_state=ImportState.ERROR,
            reason=reason,
            head=ORIGIN,
            acknowledged=ORIGIN,
            pending_changes=0,
            oldest_pending=None,
        )
        for module in modules
    )
    return BackupStatus(
        pool=pool,
        backup_pool=deployment.partner_of(pool),
        active_machine=None,
        export_state=ExportState.ERROR,
        import_state=ImportState.ERROR,
        as_of=as_of,
        modules=rows,
    )
