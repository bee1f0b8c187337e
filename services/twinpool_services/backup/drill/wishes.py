"""Wishes for a drill, as any front end of the pool that would take over takes them, and what became of them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from twinpool.errors import NotFound, Refused
from twinpool.failover.drill import CURRENT, PREFIX, Drill, document_name, read_drill, write_drill
from twinpool.modules.registry import Modules
from twinpool.ports.store import Store
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import Home
from twinpool_services.backup.failover.wishes import plan_failover


class DrillUnderWay(Refused):
    """One drill of a pool at a time."""

    hint = "Wait until it is over; `twinpool drill list` shows how far it is."


def request_drill(store: Store, deployment: Deployment, modules: Modules, home: Home) -> Drill:
    """Note a wish to rehearse that this pool takes a home over, alone.

    Raises `NotFound`, `AlreadyServed`, `NoBackupPool`, `DrillUnderWay`.
    """
    plan_failover(store, deployment, modules, home)  # refuses what a disaster failover would refuse
    if (under_way := newest_drill(store)) is not None and not under_way.is_over:
        raise DrillUnderWay(f"drill {under_way.identity} of {under_way.home} is under way at {store.pool}")
    now = store.now()
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    wish = Drill(identity=f"{moment}-{secrets.token_hex(3)}", home=home, pool=store.pool, requested_at=now)
    store.save_operation(document_name(wish.identity), write_drill(wish), generation=None)
    store.save_operation(CURRENT, wish.identity.encode(), generation=None)
    return wish


def find_drill(store: Store, identity: str) -> Drill:
    """Return how far a drill is, or what it has shown. Raises `NotFound`."""
    document = store.operation(document_name(identity))
    if document is None:
        raise NotFound(f"there is no drill {identity!r:.80} at {store.pool}")
    return read_drill(document)


def newest_drill(store: Store) -> Drill | None:
    """Return the drill that was asked for last."""
    newest = store.operation(CURRENT)
    document = None if newest is None else store.operation(document_name(newest.decode()))
    return None if document is None else read_drill(document)


def list_drills(store: Store) -> list[Drill]:
    """Return all drills of this pool, newest first."""
    drills = [read_drill(document) for name, document in store.operations() if name.startswith(PREFIX)]
    return sorted(drills, key=lambda each: each.requested_at, reverse=True)
