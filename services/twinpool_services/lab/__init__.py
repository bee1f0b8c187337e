"""Labs: several pools on one machine, and the demo that runs in one. What other services may use is named here."""

from twinpool_services.lab.commands import interruptible
from twinpool_services.lab.display import Display, Step
from twinpool_services.lab.display import display as open_display
from twinpool_services.lab.front_end_process import ProcessState
from twinpool_services.lab.lab import Lab
from twinpool_services.lab.namespaces import BROKER, Namespaces, NamespacesUnavailable, require_partitions
from twinpool_services.lab.note import LabFailed
from twinpool_services.lab.plan import LabPlan, Network, StoreKind
from twinpool_services.lab.postgresql_cluster import PostgresqlCluster
from twinpool_services.lab.servers import VIRTUAL_HOST
from twinpool_services.lab.surroundings import UNDISTURBED, Surroundings, Undisturbed
from twinpool_services.lab.undisturbed import undisturbed as uninterrupted
from twinpool_services.lab.watching import Watcher

__all__ = [
    "BROKER",
    "UNDISTURBED",
    "VIRTUAL_HOST",
    "Namespaces",
    "NamespacesUnavailable",
    "Network",
    "Surroundings",
    "Undisturbed",
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
    "require_partitions",
]
