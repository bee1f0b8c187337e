"""The types of what a verification returns, and what is shown of them."""

from __future__ import annotations

REPLICATION = "InterPoolReplication"
MODULE_REPLICATION = "ModuleReplication"
DIFFERENCE = "ReplicationDifference"

REPLICATION_PROPERTIES = (
    "PoolFqdn",
    "BackupPoolFqdn",
    "Verification",
    "Clean",
    "MultiMasterHomes",
    "BegunAt",
    "EndedAt",
)
MODULE_COLUMNS = (
    "Identity",
    "Home",
    "Verdict",
    "ComparedRecords",
    "Missing",
    "Extra",
    "Different",
    "DamagedContent",
    "ResentRecords",
    "Remaining",
)
DIFFERENCE_COLUMNS = ("Identity", "Home", "Owner", "Key", "Difference")
