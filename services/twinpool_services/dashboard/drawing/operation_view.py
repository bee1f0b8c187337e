"""An operation as a page shows it: its steps in words, those that are to come, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinpool_services.moving import STEPS, direction_of, result_of, sentence, steps_of

Document = Mapping[str, Any]

PLANNED = ("requested", "quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done")
DISASTER = ("requested", "drained", "serving", "done")

#: The words of `twinpool` for what came of an operation, with a mark and as a page says them.
RESULTS: Mapping[str, tuple[str, str]] = {
    "UnderWay": ("steadystate", "under way"),
    "Done": ("ok", "done"),
    "Prepared": ("ok", "prepared, and taken back as wished"),
    "Aborted": ("bad", "aborted"),
}
DIRECTIONS: Mapping[str, str] = {
    "Failover": "Failover",
    "Failback": "Failback",
    "ManagementServerFailover": "Failover of the Central Management store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step."""

    word: str
    told: str  #: what it means; empty for one that is to come
    at: str  #: ISO 8601; empty for one that is to come
    seconds: float | None  #: since it was asked for
    newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """All of it."""

    title: str
    mark: str
    result: str
    steps: tuple[StepView, ...]


def title_of(operation: Document) -> str:
    """Say what it is."""
    words = DIRECTIONS[direction_of(operation)]
    if operation["DisasterMode"]:
        words += " after a disaster"
    elif operation["PrepareOnly"]:
        words += ", only prepared"
    return words


def view_of(operation: Document) -> OperationView:
    """Say how far it is, and what is still to come."""
    reached = [each["Step"] for each in operation["Steps"]]
    steps = [
        StepView(
            word=row["Step"],
            told=sentence(operation, step),
            at=row["At"],
            seconds=row["Seconds"],
            newest=step == reached[-1],
        )
        for step, row in zip(reached, steps_of(operation), strict=True)
    ]
    if not operation["Ended"] and operation["Step"] != "aborting":
        order = DISASTER if operation["DisasterMode"] else PLANNED
        coming = order[order.index(reached[-1]) + 1 :]  # Who takes an operation up may find a step done already.
        steps += [StepView(word=STEPS[step], told="", at="", seconds=None, newest=False) for step in coming]
    mark, result = RESULTS[result_of(operation)]
    return OperationView(title=title_of(operation), mark=mark, result=result, steps=tuple(steps))


__all__ = ["DIRECTIONS", "RESULTS", "OperationView", "StepView", "title_of", "view_of"]
