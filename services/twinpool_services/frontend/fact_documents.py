"""What a front end says of how replication stands, for those who look for what holds it back."""

from __future__ import annotations

from twinpool_services.frontend.documents import Document


class LinkDocument(Document):
    """How this front end stands to the broker."""

    state: str
    reason: str
    for_seconds: float


class HomeFactsDocument(Document):
    """A home, as the pool knows it."""

    home: str
    term: int
    serving_pool: str
    read_only: bool


class LiveExportDocument(Document):
    """What the exporter at work is at."""

    phase: str
    session: str | None
    cause: str
    in_flight: int
    window: int
    read_to: int | None
    next_cycle_in_seconds: float
    batches_left: int | None


class RouteFactsDocument(Document):
    """A route that the pool feeds."""

    home: str
    backup_module: str
    destination: str
    export_status: str
    session_opened: bool
    head_position: int
    settled_position: int
    acknowledged_position: int
    pending_changes: int
    pending_bytes: int
    oldest_pending_seconds: float
    proof_age_seconds: float | None
    failure: str | None
    live: LiveExportDocument | None


class LiveImportDocument(Document):
    """What the importer at work is at."""

    heard_ago_seconds: float | None
    waiting: int
    applying_for_seconds: float | None
    fetching: bool


class StreamFactsDocument(Document):
    """A stream that the pool is fed."""

    home: str
    backup_module: str
    source: str
    import_status: str
    cursor_position: int | None
    failure: str | None
    batch_seconds: float | None  #: mean of the newest batches that this front end has applied
    live: LiveImportDocument | None


class ReplicationFactsDocument(Document):
    """All of it, by one front end."""

    pool_fqdn: str
    front_end: str
    active: bool
    store: str  #: `open`, or why it cannot be used
    read_seconds: float
    lease_holder: str | None
    link: LinkDocument
    sync_trigger: str
    sync_interval_seconds: float
    ack_timeout_seconds: float
    homes: list[HomeFactsDocument]
    routes: list[RouteFactsDocument]
    streams: list[StreamFactsDocument]
