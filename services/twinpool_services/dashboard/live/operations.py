"""Operations of all pools, as any front end tells of them: its own from the store, those of others by asking them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from twinpool.errors import NotFound, PoolUnreachable, Refused, Transient, TwinpoolError
from twinpool_services.backup import (
    find_drill,
    find_failover,
    find_verification,
    list_drills,
    list_failovers,
    list_verifications,
)
from twinpool_services.dashboard.live.other_pools import OtherPools
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.drill_documents import DrillDocument
from twinpool_services.frontend.failover_reading import standing_of, told_of
from twinpool_services.frontend.verification_documents import VerificationDocument, VerificationSummaryDocument
from twinpool_services.moving import ReadBack, assemble, requested_at, result_of

Document = Mapping[str, Any]

MOST = 30  #: operations of a pool that are listed
MOST_ORPHANS = 1_000  #: that a receipt on a page counts one by one

_PATHS = {"failover": "failovers", "drill": "drills", "verification": "verifications"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Operations of all pools, newest first, and of which pools none can be told."""

    failovers: tuple[Document, ...]
    drills: tuple[Document, ...]
    verifications: tuple[Document, ...]
    silent: Mapping[str, str]


def list_all(here: Context) -> Known:
    """Ask everybody. Raises `StoreUnavailable`."""
    store = here.opened.store
    failovers: list[Document] = [_plain(told_of(store, each)) for each in list_failovers(store)[:MOST]]
    drills: list[Document] = [_plain(DrillDocument.of(each)) for each in list_drills(store)[:MOST]]
    verifications: list[Document] = [
        _plain(VerificationSummaryDocument.summary_of(each)) for each in list_verifications(store)[:MOST]
    ]
    silent: dict[str, str] = {}
    with closing(OtherPools(here)) as others:
        for pool in here.deployment.pools:
            if pool.fqdn == here.pool.fqdn:
                continue
            path, limit = ["v1", "pools", pool.fqdn], {"limit": str(MOST)}
            try:
                failovers += others.get(pool.fqdn, [*path, "failovers"], limit)["Failovers"]
                drills += others.get(pool.fqdn, [*path, "drills"], limit)["Drills"]
                verifications += others.get(pool.fqdn, [*path, "verifications"], limit)["Verifications"]
            except TwinpoolError as error:
                silent[pool.fqdn] = str(error)
    failovers.sort(key=requested_at, reverse=True)
    for listed in (drills, verifications):
        listed.sort(key=lambda each: str(each["RequestedAt"]), reverse=True)
    return Known(failovers=tuple(failovers), drills=tuple(drills), verifications=tuple(verifications), silent=silent)


def find(here: Context, kind: str, pool: str, identity: str) -> Document:
    """Return an operation of a pool: `failover`, `drill` or `verification`. Raises `NotFound`, `PoolUnreachable`."""
    if here.deployment.pool(pool).fqdn != here.pool.fqdn:
        with closing(OtherPools(here)) as others:
            return others.get(pool, ["v1", "pools", pool, _PATHS[kind], identity])
    store = here.opened.store
    match kind:
        case "failover":
            return _plain(told_of(store, find_failover(store, identity)))
        case "drill":
            return _plain(DrillDocument.of(find_drill(store, identity)))
        case _:
            return _plain(VerificationDocument.of(find_verification(store, identity)))


def receipt_of(here: Context, operation: Document) -> Document | None:
    """Put the receipt of an operation together that has ended; None while it goes on."""
    if result_of(operation) == "UnderWay":
        return None
    silent: dict[str, str] = {}
    with closing(OtherPools(here)) as others:
        standings = {
            pool: _standing(here, others, pool, operation["Home"], silent)
            for pool in (operation["TargetPoolFqdn"], operation["SourcePoolFqdn"])
        }
        source = standings[operation["SourcePoolFqdn"]]
        orphans = None if source is None else _orphans(here, others, operation, source, silent)
    found = ReadBack(target=standings[operation["TargetPoolFqdn"]], source=source, orphans=orphans, silent=silent)
    return assemble(operation, found)


def _standing(here: Context, others: OtherPools, pool: str, home: str, silent: dict[str, str]) -> Document | None:
    try:
        if pool == here.pool.fqdn:
            return _plain(standing_of(here, here.home_of(home)))
        return others.get(pool, ["v1", "pools", pool, "homes", home, "standing"])
    except (Transient, Refused) as error:
        silent[pool] = str(error)
        return None


def _orphans(
    here: Context, others: OtherPools, operation: Document, source: Document, silent: dict[str, str]
) -> list[Document] | None:
    """Return those of the term before, which this very operation has made; None if they cannot be counted here."""
    if not source["Orphans"]:
        return []
    pool, home = str(operation["SourcePoolFqdn"]), str(operation["Home"])
    if source["Orphans"] > MOST_ORPHANS:
        silent[pool] = f"it has {source['Orphans']} orphans, too many to be counted here; see the receipt by command"
        return None
    if pool == here.pool.fqdn:
        return [each for each in _own_orphans(here, home) if each["Term"] == operation["Term"] - 1]
    try:
        page = others.get(pool, ["v1", "pools", pool, "orphans"], {"home": home, "limit": str(MOST_ORPHANS)})
    except (Transient, Refused) as error:
        silent[pool] = str(error)
        return None
    return [each for each in page["Orphans"] if each["Term"] == operation["Term"] - 1]


def _own_orphans(here: Context, home: str) -> Iterator[Document]:
    for each in here.opened.store.orphans(after=0, limit=MOST_ORPHANS, home=here.home_of(home)):
        yield {"Term": each.term, "Decision": each.verdict.decision if each.verdict else None}


def _plain(document: Any) -> Document:
    """Return a document as the API says it."""
    said: Document = document.model_dump(mode="json")
    return said


__all__ = ["Known", "NotFound", "PoolUnreachable", "find", "list_all", "receipt_of"]
