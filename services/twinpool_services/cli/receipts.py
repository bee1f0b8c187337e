"""Receipts: what a failover came to, put together from both pools after the fact.

The target keeps the operation, with the time of each step; the source keeps how it stood to it, the history of terms,
and the orphans. Where a pool cannot be read the receipt says so, and leaves out what only that pool knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twinpool.errors import NotFound, PoolUnreachable, Transient
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.cli.client import Client
from twinpool_services.cli.failover_moves import Direction
from twinpool_services.cli.orphan_walk import Selection, walk

Document = Mapping[str, Any]

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


def receipt_of(client: Client, operation: Document) -> Document:
    """Read both pools back, and put the receipt of an operation together."""
    return assemble(operation, read_back(client, operation))


def read_back(client: Client, operation: Document) -> ReadBack:
    """Ask both pools. Raises nothing for one that does not answer."""
    silent: dict[str, str] = {}

    def standing(pool: str) -> Document | None:
        try:
            return client.standing(pool, operation["Home"])
        except Transient as error:
            silent[pool] = str(error)
            return None

    target, source = standing(operation["TargetPoolFqdn"]), standing(operation["SourcePoolFqdn"])
    orphans: Sequence[Document] | None = None
    if source is not None:
        try:
            orphans = _orphans(client, operation) if source["Orphans"] else ()
        except Transient as error:
            silent[operation["SourcePoolFqdn"]] = str(error)
    return ReadBack(target=target, source=source, orphans=orphans, silent=silent)


def assemble(operation: Document, found: ReadBack) -> Document:
    """Put a receipt together; what nobody could be asked for is None."""
    return {
        **summary_of(operation),
        "DisasterMode": operation["DisasterMode"],
        "Failure": operation["Failure"],
        "Verification": operation["Verification"],
        "RequestedAt": _requested(operation),
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


# ── finding them ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Found:
    """Operations of some pools, newest first, and who could not be asked."""

    operations: list[Document] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)


def operations_at(client: Client, pools: Iterable[str], home: str = "") -> Found:
    """Ask pools for all operations. Raises `PoolUnreachable` if none of them answers."""
    found, answered = Found(), False
    for pool in pools:
        try:
            found.operations += _all_of(client, pool, home)
            answered = True
        except Transient as error:
            found.silent[pool] = str(error)
    if not answered:
        raise PoolUnreachable("; ".join(found.silent.values()))
    found.operations.sort(key=_requested, reverse=True)
    return found


def find_operation(client: Client, identity: str) -> Document:
    """Find an operation by its name at any pool. Raises `NotFound`, or `PoolUnreachable` if a silent one may know."""
    silent: list[str] = []
    for pool in client.deployment.pools:
        try:
            return client.failover(pool.fqdn, identity)
        except NotFound:
            continue
        except Transient as error:
            silent.append(str(error))
    if silent:
        raise PoolUnreachable(f"no pool that answers knows {identity!r:.60} ({'; '.join(silent)})")
    raise NotFound(f"no pool knows a failover {identity!r:.60}")


def newest_of_home(client: Client, home: str, pools: Iterable[str]) -> Document:
    """Return the newest operation of a home. Raises `NotFound`, `PoolUnreachable`."""
    found = operations_at(client, pools, home)
    if found.operations:
        return found.operations[0]
    if found.silent:
        raise PoolUnreachable(f"no failover of {home} is known, but {'; '.join(found.silent.values())}")
    raise NotFound(f"{home} has never been failed over")


def _all_of(client: Client, pool: str, home: str) -> list[Document]:
    params = {"limit": "200"} | ({"home": home} if home else {})
    known: list[Document] = []
    while True:
        page: Document = client.failovers(pool, params)
        known += page["Failovers"]
        if page["Next"] is None:
            return known
        params["after"] = page["Next"]


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _orphans(client: Client, operation: Document) -> list[Document]:
    """Those that this very failover made: what the source had accepted in the term before."""
    found = walk(client, operation["SourcePoolFqdn"], Selection(home=operation["Home"]), after=0, limit=0)
    return [row for row in found.orphans if row["Term"] == operation["Term"] - 1]


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


def _requested(operation: Document) -> str:
    return str(operation["Steps"][0]["At"]) if operation["Steps"] else ""


def _seconds(operation: Document, at: str) -> float:
    return round((datetime.fromisoformat(at) - datetime.fromisoformat(_requested(operation))).total_seconds(), 3)
