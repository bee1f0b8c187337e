"""The types of what a verification returns, and what is shown of them."""

from __future__ import annotations

REPLICATION = "InterPoolReplication"
MODULE_REPLICATION = "ModuleReplication"
DIFFERENCE = "ReplicationDifference"
VERIFICATION_ROW = "VerificationRow"

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
VERIFICATION_COLUMNS = (
    "Verification",
    "PoolFqdn",
    "BackupPoolFqdn",
    "Result",
    "ComparedRecords",
    "Remaining",
    "Seconds",
)
DIFFERENCE_COLUMNS = ("Identity", "Home", "Owner", "Key", "Difference")
