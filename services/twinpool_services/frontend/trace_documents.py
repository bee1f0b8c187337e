"""What a front end knows of the way of one record, as documents."""

from __future__ import annotations

from twinpool_services.frontend.documents import Document


class KnownChangeDocument(Document):
    """A change of the record."""

    position: int
    term: int | None  #: None where the log does not say
    committed_at: str
    operation: str  #: `put` or `delete`
    known_by: str  #: `log`, or `memory` of this front end


class SentBatchDocument(Document):
    """A batch that this front end has sent with one of the positions asked for. Times are by its clock."""

    position: int
    destination: str
    session: str
    number: int
    changes: int
    sent_at: str | None
    outcome: str
    settled_at: str | None
    acknowledged_at: str | None
    imported_at: str | None  #: by the importer's store


class AppliedBatchDocument(Document):
    """A batch that this front end has applied with one of the positions asked for."""

    position: int
    session: str
    number: int
    changes: int
    imported_at: str
    seconds: float


class TracedOrphanDocument(Document):
    """An orphan of the record."""

    number: int
    position: int | None
    decision: str | None
    decided_by: str | None
    decided_at: str | None


class AcknowledgedDocument(Document):
    """How far a pool has acknowledged the stream."""

    destination: str
    position: int
    proven_at: str | None


class RecordTraceDocument(Document):
    """All that this front end, and the store of its pool, know of a record's way."""

    pool_fqdn: str
    front_end: str
    serving_pool: str | None
    fingerprint: str | None  #: of the present value; null if there is no record
    size: int | None
    head_position: int
    pruned_to: int  #: the log is complete after this
    log_searched_to: int  #: nearer than the head where the log is too long to be searched whole
    remembered_since: str  #: of this front end's memory
    cursor_position: int | None
    acknowledged: list[AcknowledgedDocument]
    changes: list[KnownChangeDocument]
    sent: list[SentBatchDocument]
    applied: list[AppliedBatchDocument]
    orphans: list[TracedOrphanDocument]
