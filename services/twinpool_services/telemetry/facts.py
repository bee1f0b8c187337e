"""Turns what was read from the pool store into series; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twinpool.protocol.classification import age_of_oldest, silence_of
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool.vocabulary.states import ExportState, ImportState
from twinpool_services.backup import Reading, RouteReading, StreamReading
from twinpool_services.telemetry import catalogue as of
from twinpool_services.telemetry.board import Series


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanCount:
    """The orphans of a home."""

    home: Home
    total: int
    undecided: int
    by_classification: tuple[tuple[str, int], ...] = ()  #: of undecided ones


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverCount:
    """Operations of one home, kind and outcome."""

    home: Home
    kind: str
    outcome: str  #: `done`, `aborted`, or empty for what is under way
    count: int
    last_seconds: float  #: that the newest took


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What changes slowly, and is read less often."""

    orphans: Sequence[OrphanCount]
    failovers: Sequence[FailoverCount]
    untrusted: int  #: messages that were refused because nobody had vouched for them


def replication_series(reading: Reading, pool: PoolFqdn) -> list[Series]:
    """Say how replication stands."""
    series: list[Series] = [
        (of.LEASE_HELD, {}, float(reading.lease is not None)),
        (of.LEASE_GENERATION, {}, float(reading.lease.generation if reading.lease else 0)),
    ]
    for home in reading.homes:
        labels = {"home": home.home}
        series += [
            (of.HOME_TERM, labels, float(home.term)),
            (of.HOME_SERVING, labels, float(home.serving_pool == pool)),
            (of.HOME_READ_ONLY, labels, float(home.mode is Mode.READ_ONLY)),
        ]
    series += [each for route in reading.routes for each in _route_series(route)]
    series += [each for stream in reading.streams for each in _stream_series(stream)]
    return series


def slow_series(facts: Facts) -> list[Series]:
    """Say what has come of failovers, and how many messages were not trusted."""
    series: list[Series] = [(of.UNTRUSTED, {}, float(facts.untrusted))]
    for orphans in facts.orphans:
        for state, count in (("undecided", orphans.undecided), ("decided", orphans.total - orphans.undecided)):
            series.append((of.ORPHANS, {"home": orphans.home, "state": state}, float(count)))
        series += [
            (of.ORPHANS_CLASSIFIED, {"home": orphans.home, "classification": name}, float(count))
            for name, count in orphans.by_classification
        ]
    return series + list(_failover_series(facts.failovers))


def _failover_series(failovers: Sequence[FailoverCount]) -> Iterator[Series]:
    ended: dict[Home, int] = {}
    for each in failovers:
        if not each.outcome:
            yield of.FAILOVER_UNDER_WAY, {"home": each.home}, float(each.count)
            continue
        labels = {"home": each.home, "kind": each.kind, "outcome": each.outcome}
        ended[each.home] = ended.get(each.home, 0) + each.count
        yield of.FAILOVERS, labels, float(each.count)
        yield of.FAILOVER_SECONDS, labels, each.last_seconds
    for home, count in ended.items():
        yield of.RECEIPTS, {"home": home}, float(count)


def _route_series(reading: RouteReading) -> Iterator[Series]:
    route, progress = reading.route, reading.progress
    labels = {"home": route.stream.home, "module": route.stream.module, "destination": route.destination}
    for state in ExportState:
        yield of.EXPORT_STATE, {**labels, "state": state.value}, float(state is reading.state)
    yield of.EXPORT_HEAD, labels, float(progress.head)
    yield of.EXPORT_ACKNOWLEDGED, labels, float(progress.ledger.acknowledged)
    yield of.EXPORT_PENDING, labels, float(progress.pending.changes)
    yield of.EXPORT_PENDING_BYTES, labels, float(progress.pending.bytes)
    yield of.EXPORT_PENDING_AGE, labels, age_of_oldest(progress).total_seconds()
    yield of.LOG_BYTES, labels, float(reading.log_bytes)
    if progress.ledger.proven_at is not None:
        yield of.EXPORT_PROOF_AGE, labels, max(0.0, silence_of(progress).total_seconds())


def _stream_series(reading: StreamReading) -> Iterator[Series]:
    stream, cursor = reading.role.stream, reading.progress.cursor
    labels = {"home": stream.home, "module": stream.module}
    for state in ImportState:
        yield of.IMPORT_STATE, {**labels, "state": state.value}, float(state is reading.state)
    yield of.IMPORT_CURSOR, labels, float(cursor.position if cursor else 0)
