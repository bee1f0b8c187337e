"""The types of what the commands on failovers show, and what is shown of them."""

from __future__ import annotations

RECEIPT = "FailoverReceipt"
RECEIPT_STEP = "ReceiptStep"
RECEIPT_MODULE = "ReceiptModule"
RECEIPT_ROW = "FailoverReceiptRow"
PLAN = "FailoverPlan"
MODULE_LOSS = "ModuleLoss"
STANDING = "HomeStanding"
CHECK = "FailoverCheck"
PROPOSAL = "FailoverProposal"
REPLICA = "ReplicaState"
CMS_STATUS = "CentralManagementStoreStatus"

RECEIPT_PROPERTIES = (
    "Receipt",
    "Operation",
    "Home",
    "SourcePoolFqdn",
    "TargetPoolFqdn",
    "Term",
    "Result",
    "Failure",
    "Verification",
    "RequestedAt",
    "Seconds",
    "FirstWriteAt",
    "FirstWriteSeconds",
    "MissingChanges",
    "Orphans",
    "UndecidedOrphans",
    "ReplayedOrphans",
    "DiscardedOrphans",
    "PoolsAgree",
    "NotRead",
)
STEP_COLUMNS = ("Step", "At", "Seconds")
RECEIPT_MODULE_COLUMNS = ("Identity", "SourceHead", "TargetBegins", "SourceBegins", "Missing")
RECEIPT_ROW_COLUMNS = ("Receipt", "Operation", "Home", "TargetPoolFqdn", "Term", "Result", "Seconds")
PLAN_PROPERTIES = ("Home", "SourcePoolFqdn", "TargetPoolFqdn", "Term", "AsOf", "PlanToken")
LOSS_COLUMNS = (
    "Identity",
    "AcknowledgedPosition",
    "HeardHeadPosition",
    "MissingChanges",
    "SecondsUnheard",
    "Whole",
)
STANDING_COLUMNS = ("PoolFqdn", "Home", "PoolState", "ServingPool", "Term", "Mode", "Settled", "UndecidedOrphans")
CHECK_COLUMNS = ("Check", "Verdict", "Detail")
PROPOSAL_COLUMNS = ("State", "Home", "ServingPool", "PoolState", "Term", "Mode")
REPLICA_COLUMNS = ("UpToDate", "ReplicaFqdn", "LastStatusReport", "LastUpdateCreation", "ProductVersion")

STYLES = {
    "Done": "green",
    "Prepared": "green",
    "Active": "green",
    "Passed": "green",
    "Ignored": "yellow",
    "UnderWay": "yellow",
    "FailingOver": "yellow",
    "FailingBack": "yellow",
    "FailedOver": "yellow",
    "Aborted": "bold red",
    "Failed": "bold red",
}
