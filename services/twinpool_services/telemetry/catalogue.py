"""All metrics there are, in one place: name, kind, labels, meaning. docs/reference/metrics.md is made from it.

Labels are bounded by the deployment (homes, modules, pools) and by words of ours; never a record's owner or key. Every
series carries `pool` as well, see `board`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What Prometheus calls the type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Source(enum.StrEnum):
    """Where its numbers come from."""

    EVENTS = "events"  #: counted as things happen in this process
    STORE = "store"  #: read from the pool store every few seconds, the same at every front end of a pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    source: Source = Source.EVENTS
    buckets: tuple[float, ...] = ()  #: of a histogram


ROUTE = ("home", "module", "destination")
STREAM = ("home", "module")

_LAG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_CHANGES = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000)
_BYTES = (256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216)


def _counter(name: str, help_: str, labels: tuple[str, ...] = (), source: Source = Source.EVENTS) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, help=help_, labels=labels, source=source)


def _gauge(name: str, help_: str, labels: tuple[str, ...] = (), source: Source = Source.STORE) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, help=help_, labels=labels, source=source)


def _histogram(name: str, help_: str, buckets: tuple[float, ...], labels: tuple[str, ...] = ()) -> Metric:
    return Metric(name=name, kind=Kind.HISTOGRAM, help=help_, labels=labels, buckets=buckets)


# ── who is who ──────────────────────────────────────────────────────────────────────────────────────────────

FRONT_END_INFO = _gauge(
    "twinpool_front_end_info", "Always 1; tells who answers here", ("front_end", "version"), Source.EVENTS
)
ACTIVE = _gauge("twinpool_active", "1 at the active front end of a pool, else 0", source=Source.EVENTS)
LEASE_HELD = _gauge("twinpool_lease_held", "1 while any front end of the pool holds its lease, else 0")
LEASE_GENERATION = _gauge("twinpool_lease_generation", "Generation of the lease that is held; 0 if none is")
BROKER_STATE = _gauge(
    "twinpool_broker_connection_state",
    "1 for the state that this front end's link to the broker is in, 0 for the others",
    ("state",),
    Source.EVENTS,
)
HOME_TERM = _gauge("twinpool_home_term", "Term that a home is in, as this pool knows it", ("home",))
HOME_SERVING = _gauge("twinpool_home_serving", "1 if this pool serves the home, by its own knowledge", ("home",))
HOME_READ_ONLY = _gauge("twinpool_home_read_only", "1 while the home takes no writes here", ("home",))

# ── exporting ───────────────────────────────────────────────────────────────────────────────────────────────

EXPORT_STATE = _gauge(
    "twinpool_export_state", "1 for the state that the export is in, 0 for the others", (*ROUTE, "state")
)
EXPORT_HEAD = _gauge("twinpool_export_head_position", "Position of the newest committed change set", ROUTE)
EXPORT_ACKNOWLEDGED = _gauge(
    "twinpool_export_acknowledged_position", "Position up to which the importer has everything", ROUTE
)
EXPORT_PENDING = _gauge("twinpool_export_pending_changes", "Changes that the importer has not acknowledged", ROUTE)
EXPORT_PENDING_BYTES = _gauge("twinpool_export_pending_bytes", "Payload of these changes", ROUTE)
EXPORT_PENDING_AGE = _gauge(
    "twinpool_export_pending_age_seconds",
    "Age of the oldest change that is not acknowledged; 0 if there is none",
    ROUTE,
)
EXPORT_PROOF_AGE = _gauge(
    "twinpool_export_proof_age_seconds",
    "Seconds since the importer was last heard; no series before the first time",
    ROUTE,
)
LOG_BYTES = _gauge("twinpool_log_bytes", "Payload that the log of a stream holds", ROUTE)
SESSIONS = _counter("twinpool_sessions_opened_total", "Sessions asked for, by why", (*ROUTE, "cause"))
EXPORT_REFUSALS = _counter(
    "twinpool_export_refusals_total", "Sessions and batches that the importer or the broker refused", (*ROUTE, "reason")
)
BATCH_OUTCOMES = _counter("twinpool_batches_total", "Batches by what the broker said of them", (*ROUTE, "outcome"))
BATCH_CHANGES = _histogram("twinpool_batch_changes", "Changes in a batch", _CHANGES, ROUTE)
BATCH_PAYLOAD = _histogram("twinpool_batch_payload_bytes", "Payload of a batch before compression", _BYTES, ROUTE)
BATCH_WIRE = _histogram("twinpool_batch_wire_bytes", "Body of a batch after compression", _BYTES, ROUTE)
CONFIRM_SECONDS = _histogram(
    "twinpool_batch_confirm_seconds", "From publishing a batch to the confirm", _SECONDS, ROUTE
)
SNAPSHOT_RECORDS = _counter("twinpool_snapshot_records_sent_total", "Records sent in pieces of snapshots", ROUTE)

# ── importing ───────────────────────────────────────────────────────────────────────────────────────────────

IMPORT_STATE = _gauge(
    "twinpool_import_state", "1 for the state that the import is in, 0 for the other", (*STREAM, "state")
)
IMPORT_CURSOR = _gauge("twinpool_import_cursor_position", "Position up to which a stream is applied", STREAM)
IMPORT_LAG = _histogram(
    "twinpool_import_lag_seconds",
    "From the commit of the oldest change in a batch, by the source's clock, to its import, by ours",
    _LAG,
    STREAM,
)
IMPORT_SECONDS = _histogram(
    "twinpool_import_batch_seconds", "From taking a batch up until it is durable", _SECONDS, STREAM
)
IMPORTED_CHANGES = _counter("twinpool_imported_changes_total", "Changes applied", STREAM)
IMPORT_FAILURES = _counter("twinpool_import_failures_total", "Attempts to import that failed", STREAM)
IMPORT_REFUSALS = _counter(
    "twinpool_import_refusals_total", "Sessions and batches that this pool has refused", (*STREAM, "reason")
)
QUARANTINED = _counter("twinpool_quarantined_messages_total", "Messages that could not be understood", ("queue",))
UNTRUSTED = _counter(
    "twinpool_untrusted_messages_total",
    "Messages refused because the pool that they name has not vouched for them: no signature of its, or another's",
    source=Source.STORE,
)

# ── failover ────────────────────────────────────────────────────────────────────────────────────────────────

ORPHANS = _gauge("twinpool_orphans", "Orphans of a home that this pool keeps", ("home", "state"))
ORPHANS_CLASSIFIED = _gauge(
    "twinpool_orphans_undecided_classified",
    "Undecided orphans by what it would mean to replay them, up to 1,000; `unknown` while nobody can say",
    ("home", "classification"),
)
FAILOVERS = _counter(
    "twinpool_failovers_total",
    "Failovers and failbacks to this pool that have ended",
    ("home", "kind", "outcome"),
    Source.STORE,
)
FAILOVER_UNDER_WAY = _gauge(
    "twinpool_failovers_under_way", "Failovers and failbacks to this pool that have not ended", ("home",)
)
FAILOVER_SECONDS = _gauge(
    "twinpool_failover_last_duration_seconds",
    "How long the newest one of a kind took that has ended",
    ("home", "kind", "outcome"),
)
RECEIPTS = _gauge("twinpool_receipts", "Receipts that this pool keeps", ("home",))

# ── front end and store ─────────────────────────────────────────────────────────────────────────────────────

HTTP_REQUESTS = _counter("twinpool_http_requests_total", "Requests answered", ("route_class", "method", "status"))
HTTP_SECONDS = _histogram(
    "twinpool_http_request_seconds", "From a request to the end of its answer", _SECONDS, ("route_class",)
)
STORE_SECONDS = _histogram("twinpool_store_seconds", "How long calls to the pool store take", _SECONDS, ("operation",))
STORE_ERRORS = _counter("twinpool_store_errors_total", "Calls to the pool store that it did not answer", ("operation",))
STORE_UP = _gauge(
    "twinpool_store_up", "1 if the pool store answered when it was last read, else 0", source=Source.EVENTS
)
READ_AT = _gauge(
    "twinpool_store_read_timestamp_seconds",
    "When the numbers read from the store were read, by our clock",
    source=Source.EVENTS,
)
CLOCK_SKEW = _gauge("twinpool_store_clock_skew_seconds", "The store's clock minus ours", source=Source.EVENTS)
DISK_FREE = _gauge("twinpool_disk_free_bytes", "Room that is left for the pool's files", ("place",), Source.EVENTS)

CATALOGUE: tuple[Metric, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Metric))
