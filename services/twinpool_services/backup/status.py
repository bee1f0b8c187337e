"""The status of a pool towards its backup pool: read from the pool store, so that every front end can say it."""

from __future__ import annotations

from twinpool.modules.registry import Modules
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


def read_progress(
    store: Store, route: Route, configuration: BackupServiceConfiguration, *, served: bool
) -> ExportProgress:
    """Read all that the export state of a route is concluded from.

    The ledger is read before the head: what is acknowledged then was committed then, so equality means that at the
    time of the second reading nothing was missing (guarantee 6).
    """
    ledger = store.export_ledger(route)
    return ExportProgress(
        served=served,
        ledger=ledger,
        head=store.head(route.stream),
        pending=store.pending(route.stream, after=ledger.acknowledged),
        batch_changes=configuration.max_changes_per_batch,
        batch_bytes=configuration.max_batch_bytes,
        sync_interval=configuration.sync_interval,
        ack_timeout=configuration.ack_timeout,
        as_of=store.now(),
        oldest=store.oldest(route.stream),
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
    reader = _Reader(store, backup_pool, pool, homes, configuration)
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
    ) -> None:
        self._store, self._backup_pool, self._pool = store, backup_pool, pool
        self._homes, self._configuration = homes, configuration

    def row(self, module: ModuleName, *, is_cms: bool) -> ModuleStatus:
        """Roll the homes of a module up: the worst of what this pool exports, and of what it imports."""
        homes = [home for home in self._homes if (home.home == CMS_HOME) == is_cms]
        exports = [self._export(module, home) for home in homes if home.serving_pool == self._pool]
        imports = [Stream(home.home, module) for home in homes if home.serving_pool != self._pool]
        failures = [failure for stream in imports if (failure := self._store.import_ledger(stream).failure)]
        import_state = worst_import(classify_import(self._store.import_ledger(stream)) for stream in imports)
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
        progress = read_progress(self._store, route, self._configuration, served=True)
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
