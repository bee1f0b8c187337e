"""Kills the active front end of a pool and watches who takes over."""

from __future__ import annotations

import time
from dataclasses import dataclass

from twinpool_services.lab.lab import Lab
from twinpool_services.lab.note import LabFailed
from twinpool_services.lab.watching import Document, Watcher

PATIENCE = 60.0
LAG_SECONDS = 3.0  #: how long we wait for a moment at which something is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """What was seen of a take-over."""

    killed: str
    successor: str
    generation: int  #: of the new lease
    former_generation: int
    pending_changes: int  #: that the partner had not acknowledged just before
    elected_after: float  #: seconds from the kill until another front end was the active one
    replicating_after: float  #: seconds from the kill until the partner acknowledged something newer


def kill_active(lab: Lab, pool: str, watcher: Watcher) -> TakeOver:
    """Kill the active front end of a pool and wait until another replicates. Raises `LabFailed`."""
    front_ends = lab.front_ends(pool)
    former = watcher.until(lambda: watcher.active_of(front_ends), PATIENCE)
    if former is None:
        raise LabFailed(f"no front end of {pool} has become the active one")
    killed = str(former["FrontEnd"])
    others = [one for one in front_ends if one.name != killed]
    # In the middle of the work: at a moment at which the partner lacks something.
    before = watcher.until(lambda: _lagging(watcher.status_of(pool, others)), LAG_SECONDS)
    before = before or watcher.status_of(pool, others)
    began_at = time.monotonic()
    lab.kill(killed)
    successor = watcher.until(lambda: watcher.active_of(others), PATIENCE)
    elected_after = time.monotonic() - began_at
    if successor is None or before is None:
        raise LabFailed(f"nobody took over from {killed} within {PATIENCE:.0f} s")
    mark = acknowledged(before)
    moved = watcher.until(lambda: _moved(watcher.status_of(pool, others), mark), PATIENCE)
    if moved is None:
        raise LabFailed(f"{successor['FrontEnd']} took over, but nothing was acknowledged within {PATIENCE:.0f} s")
    return TakeOver(
        killed=killed,
        successor=str(successor["FrontEnd"]),
        generation=_generation(successor),
        former_generation=_generation(former),
        pending_changes=pending(before),
        elected_after=elected_after,
        replicating_after=time.monotonic() - began_at,
    )


def acknowledged(status: Document) -> int:
    """Return how far the partner has acknowledged, over all modules."""
    return sum(row["AcknowledgedPosition"] for row in status["BackupModules"])


def pending(status: Document) -> int:
    """Return how many changes the partner has not acknowledged, over all modules."""
    return sum(row["PendingChanges"] for row in status["BackupModules"])


def _lagging(status: Document | None) -> Document | None:
    return status if status is not None and pending(status) else None


def _moved(status: Document | None, mark: int) -> bool | None:
    return True if status is not None and acknowledged(status) > mark else None


def _generation(document: Document) -> int:
    lease = document["Lease"]
    return int(lease["Generation"]) if lease else 0
