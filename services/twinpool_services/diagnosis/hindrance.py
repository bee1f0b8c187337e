"""What may hold a module back, and the facts that it is concluded from."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Stage(enum.StrEnum):
    """Where it is held back."""

    POOL_SILENT = "PoolSilent"
    STORE_UNAVAILABLE = "StoreUnavailable"
    NOT_SERVED = "NotServed"
    NO_BACKUP_POOL = "NoBackupPool"
    NOT_ACTIVE = "NotActive"
    BROKER_DOWN = "BrokerDown"
    BROKER_BLOCKED = "BrokerBlocked"
    CONTENT_MISSING = "ContentMissing"
    IMPORT_ERROR = "ImportError"
    PARTNER_NOT_ACTIVE = "PartnerNotActive"
    PARTNER_SILENT = "PartnerSilent"
    NO_SESSION = "NoSession"
    EXPORT_ERROR = "ExportError"
    WAITING_FOR_GAP = "WaitingForGap"
    PARTNER_STORE_SLOW = "PartnerStoreSlow"
    WINDOW_FULL = "WindowFull"
    SNAPSHOT = "Snapshot"
    STORE_SLOW = "StoreSlow"
    SYNC_TRIGGER = "SyncTrigger"
    READ_ONLY = "ReadOnly"
    UNDER_WAY = "UnderWay"
    NOTHING_PENDING = "NothingPending"


#: What holds nothing back.
FREE = frozenset({Stage.READ_ONLY, Stage.UNDER_WAY, Stage.NOTHING_PENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """The pool that imports, as far as it answers."""

    silence: str = ""  #: why no front end of it answers; empty if one does
    store_failure: str = ""
    holder: str = ""  #: of its lease
    link: str = "up"  #: a word of `LinkState`, of its active front end
    import_failure: str = ""
    cursor: int | None = None
    heard_ago: float | None = None  #: seconds since it heard the exporter
    waiting: int = 0  #: messages that wait there
    applying_for: float | None = None  #: seconds that the batch at work has taken
    fetching: bool = False  #: it waits for content of files
    batch_seconds: float | None = None  #: mean of its newest batches
    read_seconds: float = 0.0  #: that a reading of its store took


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFacts:
    """A module of a home on its way from one pool to the other. Times are in seconds."""

    home: str
    module: str
    pool: str
    backup_pool: str = ""
    silence: str = ""  #: why no front end of the pool answers; empty if one does
    store_failure: str = ""
    serving_pool: str = ""
    read_only: bool = False
    holder: str = ""  #: the front end that holds the lease
    active_answers: bool = True  #: the holder says that it is active
    link: str = "up"
    link_reason: str = ""
    link_for: float = 0.0  #: that it is in this state
    session_opened: bool = True  #: ever
    proof_age: float | None = None  #: since the partner was heard
    failure: str = ""  #: of the last attempt to back up
    head: int = 0
    settled: int = 0
    acknowledged: int = 0
    read_to: int | None = None  #: by the session under way
    pending_changes: int = 0
    pending_bytes: int = 0
    pending_age: float = 0.0
    phase: str = "streaming"  #: a word of `Phase`; empty if nobody is active
    session: str = ""
    cause: str = ""
    in_flight: int = 0
    window: int = 8
    trigger: str = "Event"
    sync_interval: float = 120.0
    ack_timeout: float = 30.0
    next_cycle_in: float = 0.0
    batches_left: int | None = None
    read_seconds: float = 0.0  #: that a reading of the pool's store took
    partner: Partner = field(default_factory=Partner)

    @property
    def is_pending(self) -> bool:
        """Whether anything waits."""
        return self.head > self.acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """What holds a module back, why we think so, and what to do."""

    stage: Stage
    what: str
    evidence: tuple[str, ...]
    advice: str
