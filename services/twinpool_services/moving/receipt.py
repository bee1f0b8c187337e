"""The receipt of a failover: what it came to, put together from what both pools say after the fact. Pure.

The target keeps the operation, with the time of each step; the source keeps how it stood to it, the history of terms,
and the orphans. Where a pool cannot be read the receipt says so, and leaves out what only that pool knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.moving.asked import Document
from twinpool_services.moving.moves import Direction

#: What an operator calls the steps.
STEPS = {
    "requested": "Decided",
    "quiesced": "ReadOnly",
    "drained": "Drained",
    "verified": "Verified",
    "handing-over": "HandingOver",
    "handed-over": "HandedOver",
    "serving": "Serving",
    "done": "Done",
    "aborting": "Aborting",
    "aborted": "Aborted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What both pools say now; None for one that does not answer."""

    target: Document | None  #: its standing
    source: Document | None
    orphans: Sequence[Document] | None  #: of the source, of the term before
    silent: Mapping[str, str] = field(default_factory=dict)  #: why


def assemble(operation: Document, found: ReadBack) -> Document:
    """Put a receipt together; what nobody could be asked for is None."""
    return {
        **summary_of(operation),
        "DisasterMode": operation["DisasterMode"],
        "Failure": operation["Failure"],
        "Verification": operation["Verification"],
        "RequestedAt": requested_at(operation),
        "FirstWriteAt": operation["FirstWriteAt"],
        "FirstWriteSeconds": _seconds(operation, operation["FirstWriteAt"]) if operation["FirstWriteAt"] else None,
        "MissingChanges": _missing(operation),
        "Orphans": None if found.orphans is None else len(found.orphans),
        "UndecidedOrphans": _decided(found, None),
        "ReplayedOrphans": _decided(found, "replayed"),
        "DiscardedOrphans": _decided(found, "discarded"),
        "PoolsAgree": _agree(operation, found),
        "NotRead": [f"{pool}: {why}" for pool, why in found.silent.items()],
        "Steps": steps_of(operation),
        "Modules": modules_of(operation, found),
        "Target": found.target,
        "Source": found.source,
        "Plan": operation["Plan"],
    }


def summary_of(operation: Document) -> dict[str, object]:
    """Return what stands in one row of a list."""
    return {
        "Receipt": operation["Failover"],
        "Operation": direction_of(operation),
        "Home": operation["Home"],
        "SourcePoolFqdn": operation["SourcePoolFqdn"],
        "TargetPoolFqdn": operation["TargetPoolFqdn"],
        "Term": operation["Term"],
        "Result": result_of(operation),
        "Seconds": _seconds(operation, operation["Steps"][-1]["At"]) if operation["Steps"] else None,
    }


def direction_of(operation: Document) -> str:
    """Say what an operator calls it."""
    if operation["Home"] == CMS_HOME:
        return Direction.CMS
    return Direction.FAILBACK if operation["Home"] == operation["TargetPoolFqdn"] else Direction.FAILOVER


def result_of(operation: Document) -> str:
    """Say what came of it. One that was only to prepare ends aborted, with everything verified."""
    if not operation["Ended"]:
        return "UnderWay"
    if operation["Step"] == "done":
        return "Done"
    prepared = operation["PrepareOnly"] and any(each["Step"] == "verified" for each in operation["Steps"])
    return "Prepared" if prepared else "Aborted"


def steps_of(operation: Document) -> list[Document]:
    """Return when each step was reached, and how many seconds after the wish."""
    return [
        {"Step": STEPS.get(each["Step"], each["Step"]), "At": each["At"], "Seconds": _seconds(operation, each["At"])}
        for each in operation["Steps"]
    ]


def modules_of(operation: Document, found: ReadBack) -> list[Document]:
    """Return for each module where the source stood, where the term begins by the word of each pool, and what lacks."""
    heads = {row["Identity"]: row["Position"] for row in operation["Heads"]}
    target, source = _beginnings(operation, found.target), _beginnings(operation, found.source)
    losses = {row["Identity"]: row["MissingChanges"] for row in (operation["Plan"] or {}).get("BackupModules", [])}
    return [
        {
            "Identity": name,
            "SourceHead": heads.get(name),
            "TargetBegins": target.get(name),
            "SourceBegins": source.get(name),
            "Missing": losses.get(name) if operation["DisasterMode"] else 0 if name in target else None,
        }
        for name in sorted({*heads, *target, *source, *losses})
    ]


def sentence(operation: Document, step: str) -> str:
    """Say what a step means."""
    source, target, home = operation["SourcePoolFqdn"], operation["TargetPoolFqdn"], operation["Home"]
    disaster = operation["DisasterMode"]
    heads = ", ".join(f"{row['Identity']} at {row['Position']}" for row in operation["Heads"])
    sentences = {
        "requested": f"{target} is to serve {home} from term {operation['Term']} on",
        "quiesced": f"{source} takes no more writes: {heads}",
        "drained": f"what lay in the queues of {target} is applied" if disaster else f"{target} holds all of that",
        "verified": "not compared, as you wish" if operation["SkipDataVerification"] else "both pools hold the same",
        "handing-over": f"{source} is asked to give {home} up",
        "handed-over": f"{source} has given {home} up; from here it only goes forward",
        "serving": f"{target} takes writes",
        "done": f"{source} knows of it" if operation["Confirmed"] else f"{source} has not been heard about it",
        "aborting": f"{operation['Failure']}; {source} is told to take writes again",
        "aborted": f"{operation['Failure']}",
    }
    return sentences.get(step, "")


def _decided(found: ReadBack, decision: str | None) -> int | None:
    return None if found.orphans is None else sum(row["Decision"] == decision for row in found.orphans)


def _agree(operation: Document, found: ReadBack) -> bool | None:
    """Whether both pools tell the same of the term that began; of one that never did, of who serves now."""
    if found.target is None or found.source is None:
        return None
    begun = _beginnings(operation, found.target)
    if result_of(operation) == "Done":
        return bool(begun) and begun == _beginnings(operation, found.source)
    return all(found.target[name] == found.source[name] for name in ("Term", "ServingPool"))


def _beginnings(operation: Document, standing: Document | None) -> dict[str, int]:
    rows = standing["History"] if standing else ()
    return {row["Identity"]: row["Position"] for row in rows if row["Term"] == operation["Term"]}


def _missing(operation: Document) -> int | None:
    """How many changes were known to be missing; None if a plan could not tell."""
    if not operation["DisasterMode"] or not operation["Plan"]:
        return 0
    told = [row["MissingChanges"] for row in operation["Plan"]["BackupModules"]]
    return None if None in told else sum(told)


def requested_at(operation: Document) -> str:
    """Return when it was asked for; empty if that is not known."""
    return str(operation["Steps"][0]["At"]) if operation["Steps"] else ""


def _seconds(operation: Document, at: str) -> float:
    return round((datetime.fromisoformat(at) - datetime.fromisoformat(requested_at(operation))).total_seconds(), 3)
