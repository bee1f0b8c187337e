"""The types of what the commands on orphans show, and what is shown of them."""

from __future__ import annotations

ORPHAN = "Orphan"
ORPHAN_DETAIL = "OrphanDetail"
DIFFERING_LINE = "DifferingLine"
OUTCOME = "OrphanOutcome"

ORPHAN_COLUMNS = ("Number", "State", "BackupModule", "Owner", "Key", "Operation", "CommittedAt")
ORPHAN_PROPERTIES = (
    "Number",
    "Home",
    "BackupModule",
    "Owner",
    "Key",
    "Operation",
    "Term",
    "Position",
    "CommittedAt",
    "ServingPool",
    "Classification",
    "Why",
    "Size",
    "PresentSize",
    "OvertakenBy",
    "Decision",
    "DecidedBy",
    "DecidedAt",
    "Note",
    "DifferenceLeftOut",
)
LINE_COLUMNS = ("Where", "Orphan", "Present")
OUTCOME_COLUMNS = ("Number", "Outcome", "ServingPool", "Position")

STYLES = {
    "AlreadyThere": "green",
    "SafeToReplay": "green",
    "Overtaken": "yellow",
    "Deleted": "yellow",
    "Conflict": "bold red",
    "not done": "bold red",
}
