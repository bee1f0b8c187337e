"""Asks the pools what the checks before a failover are made on. What a silent pool leaves open is told as such."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twinpool.errors import HomeNotServed, NotAuthorised, NotFound, Transient
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.moving.asked import PoolsAsked
from twinpool_services.moving.checks import Cms, Facts
from twinpool_services.moving.moves import Direction, Move, Told, ask_both

ERROR = "ErrorState"

#: Seconds for what passes by itself: after a failover active front ends begin anew, and others feed the replicas.
PATIENCE = 5.0
LOOK = 0.2  #: seconds between two looks

T = TypeVar("T")


def gather(client: PoolsAsked, move: Move, told: Told, *, disaster: bool) -> Facts:
    """Ask; in a disaster the source is asked nothing. Raises nothing for a pool that does not answer."""
    silent = told.silent.get(move.source, "")
    return Facts(
        source_silent=silent,
        source_errors=() if silent or disaster else _export_errors(client, move),
        target_not_ready=client.readiness(move.target),
        target_active=_patiently(lambda: _active_front_end(client, move.target), lambda found: found is not None),
        cms=_cms_for(client, move, without=move.source if disaster else ""),
        edges=tuple(edge.fqdn for edge in client.deployment.edges if edge.next_hop == move.source),
    )


def _cms_for(client: PoolsAsked, move: Move, *, without: str) -> Cms:
    """Look at the store, a few times if it lags behind; where it is what moves, nothing of it matters."""
    if move.direction is Direction.CMS:
        return Cms(serving_pool="", works=False)
    return _patiently(
        lambda: cms_of(client, without=without),
        lambda cms: cms.serving_pool == without or (cms.works and not cms.up_to_date.get(move.target)),
    )


def _patiently(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """Look again until it is enough, or has lasted too long to pass by itself; return what was seen last."""
    ends = time.monotonic() + PATIENCE
    pause = threading.Event()  # never set: an interruption ends the wait
    while not enough(seen := look()) and time.monotonic() < ends:
        pause.wait(LOOK)
    return seen


def cms_of(client: PoolsAsked, *, without: str = "") -> Cms:
    """Say whether the Central Management store works, and how far its replicas are; `without` is not asked."""
    told = ask_both(client, CMS_HOME, [pool for pool in client.cms_pools if pool != without])
    if told.newest is None:
        return Cms(serving_pool="", works=False, why_not="; ".join(told.silent.values()))
    serving = str(told.newest["ServingPool"])
    standing = told.standings.get(serving)
    if serving == without:
        return Cms(serving_pool=serving, works=False, why_not=f"{serving}, which is left, serves it")
    if standing is None:
        why = told.silent.get(serving, "it is not known to serve it")
        return Cms(serving_pool=serving, works=False, why_not=f"{serving} serves it and does not answer: {why}")
    if standing["ServingPool"] != serving or standing["Doubt"]:
        why = standing["Doubt"] or f"it does not know that it serves it in term {told.newest['Term']}"
        return Cms(serving_pool=serving, works=False, why_not=f"{serving}: {why}")
    if _active_front_end(client, serving) is None:
        why = f"no front end of {serving}, which serves it, is the active one"
        return Cms(serving_pool=serving, works=False, why_not=why)
    return Cms(serving_pool=serving, works=True, up_to_date=_replicas(client, serving))


def _replicas(client: PoolsAsked, serving: str) -> dict[str, str]:
    """Return for each pool why its replica is not up to date; nobody is blamed while it cannot be known."""
    try:
        document: Mapping[str, Any] = client.cms_replication(serving)
    except (Transient, HomeNotServed) as error:
        return dict.fromkeys((pool.fqdn for pool in client.deployment.pools), f"it cannot be known: {error}")
    return {row["ReplicaFqdn"]: "" if row["UpToDate"] else row["Reason"] or _lag(row) for row in document["Replicas"]}


def _lag(row: Mapping[str, Any]) -> str:
    return f"it stands at {row['AcknowledgedPosition']} of {row['HeadPosition']}"


def _export_errors(client: PoolsAsked, move: Move) -> tuple[str, ...]:
    category = "CMS" if move.direction is Direction.CMS else "UserData"
    try:
        status: Mapping[str, Any] = client.backup_status(move.source, category=category, module="All")
    except NotAuthorised:
        return ()  # Who may move users need not see the status; the move itself waits until all is drained.
    except Transient as error:
        return (str(error),)
    rows = [row for row in status["BackupModules"] if row["ExportStatus"] == ERROR]
    return tuple(f"{row['Identity']}: {row['Reason'] or 'no reason is known'}" for row in rows)


def _active_front_end(client: PoolsAsked, pool: str) -> str | None:
    try:
        return client.active_front_end(pool)
    except (Transient, NotFound):
        return None
