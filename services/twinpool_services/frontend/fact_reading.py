"""Gathers how replication stands: what the store has, and what only this process knows. All of it blocks."""

from __future__ import annotations

import time
from statistics import fmean

from twinpool.errors import StoreUnavailable
from twinpool.protocol.classification import age_of_oldest, silence_of
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Route, Stream
from twinpool_services.backup import ExportView, ImportView, Reading, RouteReading, StreamReading, WorkerView
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.fact_documents import (
    HomeFactsDocument,
    LinkDocument,
    LiveExportDocument,
    LiveImportDocument,
    ReplicationFactsDocument,
    RouteFactsDocument,
    StreamFactsDocument,
)
from twinpool_services.frontend.measuring import read_now

NEWEST = 20  #: batches whose mean time is told


def read_facts(context: Context) -> ReplicationFactsDocument:
    """Return all of it; where the store cannot be used, that is what is told."""
    try:
        reading, store = read_now(context), "open"
    except StoreUnavailable as error:
        reading, store = None, str(error)
    view = context.view()
    configuration = context.opened.configurations.current() if reading else BackupServiceConfiguration()
    return ReplicationFactsDocument(
        pool_fqdn=context.pool.fqdn,
        front_end=context.front_end.name,
        active=context.active,
        store=store,
        read_seconds=reading.seconds if reading else 0.0,
        lease_holder=reading.lease.holder if reading and reading.lease else None,
        link=_link(context),
        sync_trigger=configuration.sync_trigger.value,
        sync_interval_seconds=configuration.sync_interval.total_seconds(),
        ack_timeout_seconds=configuration.ack_timeout.total_seconds(),
        homes=_homes(reading),
        routes=[_route(each, _export_view(view, each.route)) for each in reading.routes] if reading else [],
        streams=[_stream(context, each, _import_view(view, each.role.stream)) for each in reading.streams]
        if reading
        else [],
    )


def _link(context: Context) -> LinkDocument:
    since, state, reason = context.telemetry.journal.link
    return LinkDocument(state=state.value, reason=reason, for_seconds=max(0.0, time.time() - since))


def _homes(reading: Reading | None) -> list[HomeFactsDocument]:
    return [
        HomeFactsDocument(
            home=each.home, term=each.term, serving_pool=each.serving_pool, read_only=each.mode is Mode.READ_ONLY
        )
        for each in (reading.homes if reading else ())
    ]


def _export_view(view: WorkerView | None, route: Route) -> ExportView | None:
    return next((each for each in view.exports if each.route == route), None) if view else None


def _import_view(view: WorkerView | None, stream: Stream) -> ImportView | None:
    return next((each for each in view.imports if each.stream == stream), None) if view else None


def _route(reading: RouteReading, view: ExportView | None) -> RouteFactsDocument:
    progress = reading.progress
    ledger = progress.ledger
    return RouteFactsDocument(
        home=reading.route.stream.home,
        backup_module=reading.route.stream.module,
        destination=reading.route.destination,
        export_status=reading.state.value,
        session_opened=ledger.session_opened,
        head_position=progress.head,
        settled_position=reading.settled,
        acknowledged_position=ledger.acknowledged,
        pending_changes=progress.pending.changes,
        pending_bytes=progress.pending.bytes,
        oldest_pending_seconds=age_of_oldest(progress).total_seconds(),
        proof_age_seconds=None if ledger.proven_at is None else max(0.0, silence_of(progress).total_seconds()),
        failure=ledger.failure,
        live=None if view is None else _live_export(view),
    )


def _live_export(view: ExportView) -> LiveExportDocument:
    return LiveExportDocument(
        phase=view.phase.value,
        session=str(view.session) if view.session else None,
        cause=view.cause,
        in_flight=view.in_flight,
        window=view.window,
        read_to=view.read_to,
        next_cycle_in_seconds=view.next_cycle_in,
        batches_left=view.batches_left,
    )


def _stream(context: Context, reading: StreamReading, view: ImportView | None) -> StreamFactsDocument:
    stream, cursor = reading.role.stream, reading.progress.cursor
    newest = context.telemetry.journal.last_imports(stream, NEWEST)
    return StreamFactsDocument(
        home=stream.home,
        backup_module=stream.module,
        source=reading.role.source,
        import_status=reading.state.value,
        cursor_position=cursor.position if cursor else None,
        failure=reading.ledger.failure,
        batch_seconds=fmean(each.seconds for each in newest) if newest else None,
        live=None
        if view is None
        else LiveImportDocument(
            heard_ago_seconds=view.heard_ago,
            waiting=view.waiting,
            applying_for_seconds=view.applying_for,
            fetching=view.fetching,
        ),
    )
