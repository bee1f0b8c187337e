"""Labs: several pools on one machine, and the demo that runs in one. What other services may use is named here."""

from twinpool_services.lab.commands import interruptible
from twinpool_services.lab.display import Display, Step
from twinpool_services.lab.display import display as open_display
from twinpool_services.lab.front_end_process import ProcessState
from twinpool_services.lab.lab import Lab
from twinpool_services.lab.note import LabFailed
from twinpool_services.lab.plan import LabPlan, StoreKind
from twinpool_services.lab.postgresql_cluster import PostgresqlCluster
from twinpool_services.lab.undisturbed import undisturbed as uninterrupted
from twinpool_services.lab.watching import Watcher

__all__ = [
    "Display",
    "Lab",
    "LabFailed",
    "LabPlan",
    "PostgresqlCluster",
    "ProcessState",
    "Step",
    "StoreKind",
    "Watcher",
    "interruptible",
    "open_display",
    "uninterrupted",
]
