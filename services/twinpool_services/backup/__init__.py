"""The backup service: election, export, import, status. What other services may use is named here."""

from twinpool_services.backup.batch_traces import join_traces
from twinpool_services.backup.configurations import Configurations
from twinpool_services.backup.drill.wishes import find_drill, list_drills, request_drill
from twinpool_services.backup.failover.wishes import (
    FailoverWish,
    HomeStanding,
    find_failover,
    list_failovers,
    plan_failover,
    read_standing,
    request_abort,
    request_failover,
)
from twinpool_services.backup.log_hold import LogHold
from twinpool_services.backup.observing import (
    AcknowledgementHeard,
    BatchImported,
    BatchSent,
    BatchSettled,
    ExportObservation,
    ImportObservation,
    ImportStumbled,
    LinkChanged,
    LinkState,
    MessageQuarantined,
    Observation,
    Observer,
    Observers,
    PieceSent,
    RefusalHeard,
    RefusalSaid,
    SessionOpened,
)
from twinpool_services.backup.reading import Reading, RouteReading, StreamReading, read_replication
from twinpool_services.backup.roles import initial_homes, paired_homes
from twinpool_services.backup.service import BackupService
from twinpool_services.backup.status import read_status, unreadable_status
from twinpool_services.backup.tracing import Tracing
from twinpool_services.backup.untrusted import read_untrusted
from twinpool_services.backup.verification.wishes import find_verification, list_verifications, request_verification
from twinpool_services.backup.views import ExportView, ImportView, WorkerView

__all__ = [
    "AcknowledgementHeard",
    "BatchImported",
    "BatchSent",
    "BatchSettled",
    "ExportObservation",
    "ExportView",
    "ImportObservation",
    "ImportStumbled",
    "ImportView",
    "LinkChanged",
    "LinkState",
    "MessageQuarantined",
    "Observation",
    "Observer",
    "Observers",
    "PieceSent",
    "Reading",
    "RefusalHeard",
    "RefusalSaid",
    "RouteReading",
    "SessionOpened",
    "StreamReading",
    "Tracing",
    "WorkerView",
    "read_replication",
    "BackupService",
    "Configurations",
    "FailoverWish",
    "HomeStanding",
    "LogHold",
    "find_drill",
    "find_failover",
    "find_verification",
    "initial_homes",
    "join_traces",
    "list_drills",
    "list_verifications",
    "list_failovers",
    "paired_homes",
    "plan_failover",
    "read_standing",
    "read_status",
    "read_untrusted",
    "request_abort",
    "request_drill",
    "request_failover",
    "request_verification",
    "unreadable_status",
]
