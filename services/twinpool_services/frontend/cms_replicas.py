"""The replicas of the Central Management store: what the ledgers of the pool that serves it tell of each."""

from __future__ import annotations

from twinpool.errors import HomeNotServed
from twinpool.modules.cms_master import CmsMaster
from twinpool.ports.store import Store
from twinpool.protocol.classification import classify_export
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.names import CMS_HOME, Instant, PoolFqdn, Position, Route, Stream
from twinpool.vocabulary.states import ExportProgress, ExportState
from twinpool_services.frontend.cms_replication_documents import CmsReplicationDocument, ReplicaDocument
from twinpool_services.frontend.context import Context, status_of_home
from twinpool_services.frontend.documents import iso


def read_replication(here: Context) -> CmsReplicationDocument:
    """Say how far each replica is. Raises `HomeNotServed`, `StoreUnavailable`."""
    store, pool = here.opened.store, here.pool.fqdn
    status = status_of_home(store, CMS_HOME)
    if status is None or status.serving_pool != pool:
        raise HomeNotServed(CMS_HOME, status.serving_pool if status else None)
    stream = Stream(CMS_HOME, here.modules[CmsMaster.name].name)
    configuration = here.opened.configurations.current()
    others = [other.fqdn for other in here.deployment.pools if other.fqdn != pool]
    lease = store.current_lease()
    own = _own(pool, store.head(stream), store.now())
    return CmsReplicationDocument(
        active_master_fqdn=lease.holder if lease else None,
        serving_pool=pool,
        as_of=iso(store.now()),
        replicas=[own, *(_replica(store, Route(stream, other), configuration) for other in others)],
    )


def _own(pool: PoolFqdn, head: Position, now: Instant) -> ReplicaDocument:
    """The pool that serves the store reads the store itself."""
    return ReplicaDocument(
        replica_fqdn=pool,
        up_to_date=True,
        last_status_report=iso(now),
        last_update_creation=None,
        acknowledged_position=head,
        head_position=head,
        reason="",
    )


def _replica(store: Store, route: Route, configuration: BackupServiceConfiguration) -> ReplicaDocument:
    """Conclude from one ledger, which is read before the head: what is acknowledged then was committed then."""
    ledger = store.export_ledger(route)
    progress = ExportProgress(
        served=True,
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
    state, reason = classify_export(progress)
    return ReplicaDocument(
        replica_fqdn=route.destination,
        up_to_date=state is ExportState.FINAL,
        last_status_report=None if ledger.proven_at is None else iso(ledger.proven_at),
        last_update_creation=None if ledger.attempted_at is None else iso(ledger.attempted_at),
        acknowledged_position=ledger.acknowledged,
        head_position=progress.head,
        reason=reason,
    )
