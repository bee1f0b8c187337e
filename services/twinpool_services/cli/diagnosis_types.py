"""The types of what `why`, `trace` and `doctor` show, and what is shown of them."""

from __future__ import annotations

HINDRANCE = "Hindrance"
JOURNEY = "Journey"
STOP = "JourneyStop"

FINDING = "Finding"

FINDING_COLUMNS = ("Severity", "Check", "Subject", "What", "Evidence")
JOURNEY_PROPERTIES = ("ServingPool", "BackupPool", "Position", "Summary")
STOP_COLUMNS = ("Stage", "Certainty", "At", "What")

STYLES = {
    "not yet": "yellow",
    "inferred": "green",
    "known": "green",
    "unknown": "yellow",
    "OK": "green",
    "Warning": "yellow",
    "Error": "bold red",
}
