"""Gathers what a pool still knows of one record: its log, ledgers and orphans, and the memory of this process.

Nothing is kept for this but what replication keeps anyway, so what was pruned is known no more. All of it blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twinpool.ports.store import Store
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Instant, Position, Route, Stream
from twinpool.vocabulary.orphan import Orphan, fingerprint
from twinpool.wire import decode_changes
from twinpool_services.frontend.context import Context, Place, status_of_home
from twinpool_services.frontend.documents import iso
from twinpool_services.frontend.trace_documents import (
    AcknowledgedDocument,
    AppliedBatchDocument,
    KnownChangeDocument,
    RecordTraceDocument,
    SentBatchDocument,
    TracedOrphanDocument,
)

PAGE = 2_000  #: changes that are read of the log at a time
PAGE_BYTES = 4 * 1024 * 1024
MOST_BYTES = 64 * 1024 * 1024  #: of the log that one question searches
MOST_ORPHANS = 20_000  #: likewise


@dataclass(frozen=True, slots=True)
class _Found:
    changes: list[KnownChangeDocument]
    searched_to: Position


def read_trace(context: Context, place: Place, at: RecordKey, positions: Sequence[int]) -> RecordTraceDocument:
    """Return what is known; batches are told of the positions given, and of those that are found here."""
    store, stream, journal = context.opened.store, place.stream, context.telemetry.journal
    oldest = store.oldest(stream)
    found = _in_log(store, stream, at, oldest)
    remembered = [
        KnownChangeDocument(
            position=each.position,
            term=each.term,
            committed_at=iso(each.at),
            operation="delete" if each.deletes else "put",
            known_by="memory",
        )
        for each in journal.writes_of(stream, at.owner, at.key)
    ]
    changes = sorted([*remembered, *found.changes], key=lambda each: each.position, reverse=True)
    wanted = sorted({*map(Position, positions), *(Position(each.position) for each in changes[:1])})
    value = store.read(stream, at)
    status = status_of_home(store, stream.home)
    cursor = store.import_progress(stream).cursor
    return RecordTraceDocument(
        pool_fqdn=context.pool.fqdn,
        front_end=context.front_end.name,
        serving_pool=status.serving_pool if status else None,
        fingerprint=None if value is None else fingerprint(value).hex(),
        size=None if value is None else len(value),
        head_position=store.head(stream),
        pruned_to=oldest,
        log_searched_to=found.searched_to,
        remembered_since=iso(journal.kept().since),
        cursor_position=cursor.position if cursor else None,
        acknowledged=_acknowledged(context, stream),
        changes=changes,
        sent=[each for position in wanted for each in _sent(context, stream, position)],
        applied=[each for position in wanted for each in _applied(context, stream, position)],
        orphans=[_orphan(each) for each in _orphans(store, stream, at)],
    )


def _in_log(store: Store, stream: Stream, at: RecordKey, oldest: Position) -> _Found:
    """Search the log, which holds what is not acknowledged and little more."""
    found: list[KnownChangeDocument] = []
    after, size = oldest, 0
    while size < MOST_BYTES and (page := store.collect(stream, after=after, max_changes=PAGE, max_bytes=PAGE_BYTES)):
        for change_set in page:
            size += len(change_set.payload)
            found += [
                KnownChangeDocument(
                    position=change_set.position,
                    term=None,
                    committed_at=iso(change_set.committed_at),
                    operation="delete" if change.value is None else "put",
                    known_by="log",
                )
                for change in decode_changes(change_set.payload)
                if (change.owner, change.key) == at
            ]
        after = page[-1].position
    return _Found(found, after)


def _acknowledged(context: Context, stream: Stream) -> list[AcknowledgedDocument]:
    store = context.opened.store
    status = status_of_home(store, stream.home)
    if status is None or status.serving_pool != context.pool.fqdn:
        return []
    others = [pool.fqdn for pool in context.deployment.pools if pool.fqdn != context.pool.fqdn]
    ledgers = {other: store.export_ledger(Route(stream, other)) for other in others}
    return [
        AcknowledgedDocument(destination=other, position=each.acknowledged, proven_at=_iso(each.proven_at))
        for other, each in ledgers.items()
        if each.session_opened
    ]


def _sent(context: Context, stream: Stream, position: Position) -> Iterator[SentBatchDocument]:
    for each in context.telemetry.journal.batches_with(stream, position):
        yield SentBatchDocument(
            position=position,
            destination=each.route.destination,
            session=str(each.session),
            number=each.number,
            changes=each.changes,
            sent_at=_iso(each.sent_at),
            outcome=each.outcome,
            settled_at=_iso(each.settled_at),
            acknowledged_at=_iso(each.acknowledged_at),
            imported_at=_iso(each.imported_at),
        )


def _applied(context: Context, stream: Stream, position: Position) -> Iterator[AppliedBatchDocument]:
    for each in context.telemetry.journal.imports_with(stream, position):
        yield AppliedBatchDocument(
            position=position,
            session=str(each.session),
            number=each.number,
            changes=each.changes,
            imported_at=iso(each.imported_at),
            seconds=each.seconds,
        )


def _orphans(store: Store, stream: Stream, at: RecordKey) -> Iterator[Orphan]:
    after = looked_at = 0
    while looked_at < MOST_ORPHANS and (page := store.orphans(after=after, limit=200, home=stream.home)):
        yield from (each for each in page if each.stream == stream and each.change[:2] == at)
        after, looked_at = page[-1].number, looked_at + len(page)


def _orphan(orphan: Orphan) -> TracedOrphanDocument:
    verdict = orphan.verdict
    return TracedOrphanDocument(
        number=orphan.number,
        position=orphan.position,
        decision=verdict.decision.value if verdict else None,
        decided_by=verdict.by if verdict else None,
        decided_at=iso(verdict.at) if verdict else None,
    )


def _iso(at: Instant | None) -> str | None:
    return None if at is None else iso(at)
