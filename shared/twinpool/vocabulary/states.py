"""Export and import states, and the values that they are concluded from.

The names and meanings are those of the Lync Server 2013 Backup Service; the exact rule is ours and stands in
`twinpool.protocol.classification`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta

from twinpool.vocabulary.change import Pending
from twinpool.vocabulary.names import ORIGIN, Instant, ModuleName, PoolFqdn, Position


class ExportState(enum.StrEnum):
    """How far a stream's changes have reached the partner, by the partner's own word."""

    NOT_INITIALIZED = "NotInitialized"  #: not ours to export, or no session was ever opened
    ERROR = "ErrorState"  #: the last attempt failed or the proof is too old: the exact status is unknown
    FINAL = "FinalState"  #: nothing more to back up, and everything has been imported
    STEADY = "SteadyState"  #: everything pending fits one batch and is younger than the sync interval
    NON_STEADY = "NonSteadyState"  #: a backlog


class ImportState(enum.StrEnum):
    """Whether changes from the partner can be applied."""

    NORMAL = "NormalState"
    ERROR = "ErrorState"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLedger:
    """What the exporter has durably noted of a route; kept in the pool store, so that a take-over knows it."""

    session_opened: bool  #: the importer has ever answered an open
    acknowledged: Position  #: everything up to here is applied and durable at the destination
    proven_at: Instant | None  #: when we last heard an acknowledgement or `opened`, by our store's clock
    attempted_at: Instant | None  #: when we last sent or tried to send something
    failure: str | None  #: why the last attempt failed; None once one has succeeded since


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportProgress:
    """All that the export state of one route is concluded from."""

    served: bool  #: this pool serves the stream's home
    ledger: ExportLedger
    head: Position  #: position of the newest committed change set
    pending: Pending  #: behind `ledger.acknowledged`, as far as the log still holds it
    batch_changes: int  #: how many changes fit one batch
    batch_bytes: int  #: how many bytes of payload fit one batch
    sync_interval: timedelta
    ack_timeout: timedelta
    as_of: Instant  #: by the clock of the store that the rest was read from
    oldest: Position = ORIGIN  #: the log is complete after this; beyond `ledger.acknowledged` only a snapshot helps


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLedger:
    """What the importer has durably noted of its own health."""

    failure: str | None  #: why the last import failed; None once one has succeeded since
    imported_at: Instant | None  #: when a batch was last applied


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleStatus:
    """One row of the status table."""

    identity: ModuleName
    export_state: ExportState
    import_state: ImportState
    reason: str  #: why a state is an error or not initialized; empty otherwise
    head: Position
    acknowledged: Position
    pending_changes: int
    oldest_pending: timedelta | None  #: age of the oldest pending change


@dataclass(frozen=True, slots=True, kw_only=True)
class UntrustedMessages:
    """Messages that were refused because the pool that they name has not vouched for them."""

    count: int  #: since the pool store was made
    speaker: PoolFqdn  #: of whom the last one claimed to be
    reason: str  #: why the last one was refused
    at: Instant  #: when


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupStatus:
    """The status of one pool towards its backup pool: one-way, and a snapshot."""

    pool: PoolFqdn
    backup_pool: PoolFqdn | None
    active_machine: str | None  #: the front end that holds the lease; None if nobody does
    export_state: ExportState  #: worst of the modules
    import_state: ImportState  #: worst of the modules
    as_of: Instant
    modules: tuple[ModuleStatus, ...]
    untrusted: UntrustedMessages | None = None  #: None if there never was any
