"""The types of what a drill has shown, and what is shown of them."""

from __future__ import annotations

DRILL = "Drill"
DRILL_ROW = "DrillRow"
PROBED = "ProbedModule"
LAP = "DrillLap"

DRILL_PROPERTIES = (
    "Drill",
    "Home",
    "PoolFqdn",
    "Result",
    "Reason",
    "BegunAt",
    "Seconds",
    "Term",
    "MissingChanges",
    "SecondsUnheard",
    "Complaints",
)
DRILL_COLUMNS = ("Drill", "Home", "PoolFqdn", "Result", "Seconds", "MissingChanges")
PROBED_COLUMNS = ("Identity", "Records")
LAP_COLUMNS = ("Step", "Seconds")

STYLES = {"CouldServe": "green", "CouldNotServe": "bold red", "NotPlayed": "bold red"}
