"""What the API says, as documents: names as PowerShell spells properties, times in ISO 8601 UTC, spans in seconds."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from twinpool.vocabulary.change import Committed
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Instant
from twinpool.vocabulary.states import BackupStatus, ModuleStatus, UntrustedMessages


def iso(at: Instant) -> str:
    """Write an instant as ISO 8601 in UTC, for example `2013-02-01T12:00:00.250000Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Document(BaseModel):
    """Root of all documents: `head_position` here is `HeadPosition` there."""

    model_config = ConfigDict(
        alias_generator=to_pascal, populate_by_name=True, serialize_by_alias=True, frozen=True, extra="forbid"
    )


class CommittedDocument(Document):
    """The pool's word that a write is durable."""

    position: int
    term: int
    committed_at: str

    @classmethod
    def of(cls, committed: Committed) -> CommittedDocument:
        """Say what the store said."""
        return cls(position=committed.position, term=committed.term, committed_at=iso(committed.at))


class ModuleStatusDocument(Document):
    """One row of the status table."""

    identity: str
    export_status: str
    import_status: str
    reason: str
    head_position: int
    acknowledged_position: int
    pending_changes: int
    oldest_pending_seconds: float | None

    @classmethod
    def of(cls, status: ModuleStatus) -> ModuleStatusDocument:
        """Say a row."""
        oldest = status.oldest_pending
        return cls(
            identity=status.identity,
            export_status=status.export_state,
            import_status=status.import_state,
            reason=status.reason,
            head_position=status.head,
            acknowledged_position=status.acknowledged,
            pending_changes=status.pending_changes,
            oldest_pending_seconds=None if oldest is None else round(oldest.total_seconds(), 3),
        )


class UntrustedMessagesDocument(Document):
    """Messages that were refused because the pool that they name has not vouched for them."""

    count: int
    speaker: str
    reason: str
    at: str

    @classmethod
    def of(cls, told: UntrustedMessages) -> UntrustedMessagesDocument:
        """Say what was counted."""
        return cls(count=told.count, speaker=told.speaker, reason=told.reason, at=iso(told.at))


class BackupStatusDocument(Document):
    """What `Get-CsBackupServiceStatus` shows."""

    pool_fqdn: str
    backup_pool_fqdn: str | None
    active_machine_fqdn: str | None
    overall_export_status: str
    overall_import_status: str
    as_of: str
    backup_modules: list[ModuleStatusDocument]
    untrusted_messages: UntrustedMessagesDocument | None = None

    @classmethod
    def of(cls, status: BackupStatus) -> BackupStatusDocument:
        """Say a status."""
        return cls(
            pool_fqdn=status.pool,
            backup_pool_fqdn=status.backup_pool,
            active_machine_fqdn=status.active_machine,
            overall_export_status=status.export_state,
            overall_import_status=status.import_state,
            as_of=iso(status.as_of),
            backup_modules=[ModuleStatusDocument.of(module) for module in status.modules],
            untrusted_messages=UntrustedMessagesDocument.of(status.untrusted) if status.untrusted else None,
        )


class RelationshipDocument(Document):
    """What `Get-CsPoolBackupRelationship` shows."""

    pool_fqdn: str
    backup_pool_fqdn: str | None


class SyncRequestDocument(Document):
    """What `Invoke-CsBackupServiceSync` asks for."""

    backup_module: str = "All"  #: a module's name, its last part, or `All`; case does not matter
    full: bool = False  #: by a snapshot, not by the log


class SyncAcceptedDocument(Document):
    """The synchronisations that the active front end will carry out."""

    pool_fqdn: str
    backup_modules: list[str]
    full: bool


class PendingSyncDocument(Document):
    """A synchronisation that is not yet under way."""

    number: int  #: grows with each request
    home: str
    backup_module: str
    full: bool


class PendingSyncsDocument(Document):
    """Some of those, oldest first."""

    pool_fqdn: str
    requests: list[PendingSyncDocument]
    next: int | None  #: give it as `after` for the next page; None at the end


class ImportProgressDocument(Document):
    """How far this pool has come with importing a stream."""

    home: str
    backup_module: str
    term: int | None  #: None if it has never held a consistent state of the stream
    position: int | None
    staging: bool  #: a snapshot is under way


class BackupDataDocument(Document):
    """What this pool keeps of a home with which it has nothing to do any more."""

    home: str
    backup_module: str
    records: int
    serving_pool: str  #: as this pool durably knows it


class BackupDataPage(Document):
    """Some of that, in order of the homes; all of what was removed."""

    pool_fqdn: str
    backup_data: list[BackupDataDocument]
    next: str | None = None  #: give it as `after` for the next page; None at the end


class HomeDocument(Document):
    """Who serves a home, as this pool durably knows it."""

    home: str
    term: int
    serving_pool: str
    mode: str

    @classmethod
    def of(cls, status: HomeStatus) -> HomeDocument:
        """Say a home's status."""
        return cls(home=status.home, term=status.term, serving_pool=status.serving_pool, mode=status.mode)


class HomePage(Document):
    """Some homes, in order."""

    homes: list[HomeDocument]
    next: str | None  #: give it as `after` for the next page; None at the end


class LeaseDocument(Document):
    """Who holds the pool's lease."""

    holder: str
    generation: int
    expires_at: str

    @classmethod
    def of(cls, lease: Lease) -> LeaseDocument:
        """Say a lease."""
        return cls(holder=lease.holder, generation=lease.generation, expires_at=iso(lease.expires_at))


class FrontEndDocument(Document):
    """Who answers here."""

    pool_fqdn: str
    front_end: str
    active: bool  #: this process holds the lease and does the backup service's work
    process_id: int
    version: str
    started_at: str
    store: str  #: `open`, or why not
    lease: LeaseDocument | None


class CheckDocument(Document):
    """One thing that readiness depends on, or that is good to know."""

    ok: bool
    required: bool  #: not ready without it
    reason: str


class LivenessDocument(Document):
    """That the process runs."""

    alive: bool
    store: str  #: `open`, or why not


class ReadinessDocument(Document):
    """Whether this front end can do its work, and why not."""

    ready: bool
    checks: dict[str, CheckDocument]


class Data(BaseModel):
    """Root of the documents about data: names as they are here."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordDocument(Data):
    """One record."""

    owner: str
    key: str
    value: str | None  #: base64; None if values were not asked for


class RecordPage(Data):
    """Some records, in order."""

    records: list[RecordDocument]
    next: str | None  #: give it as `after` for the next page; None at the end


class CountDocument(Data):
    """How many there are."""

    count: int


class FileDocument(Data):
    """One file of a conference."""

    name: str
    size: int  #: bytes
    digest: str  #: BLAKE2b-256 of its content, in hexadecimal digits
    content_type: str
    modified_at: str


class FilePage(Data):
    """Some files of a conference, in order of their names."""

    files: list[FileDocument]
    next: str | None


class ContentDocument(Data):
    """Content of files that is here."""

    digest: str
    size: int  #: bytes


class CmsDocumentPlace(Data):
    """Where a CMS document lies."""

    kind: str
    name: str


class CmsDocumentPage(Data):
    """Some CMS documents."""

    documents: list[CmsDocumentPlace]
    next: str | None


class FailedTransaction(Data):
    """One transaction of a bulk request that was not committed."""

    transaction: int  #: place in the request, from 0
    status: int  #: what it would have been answered by itself
    detail: str
    field: str


class BulkDocument(Data):
    """What became of a bulk request."""

    transactions: int  #: that were read
    committed: int  #: of those
    failed: int  #: of those
    changes: int  #: in the committed ones
    first_position: int | None
    last_position: int | None
    errors: list[FailedTransaction]  #: the first of those that failed
