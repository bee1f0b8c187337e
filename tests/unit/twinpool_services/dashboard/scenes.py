"""Scenes for tests: a pair in which everything is well, and what may happen to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from twinpool.vocabulary.names import FrontEndName, PoolFqdn
from twinpool_services.dashboard.live.scene import FrontEndSight, PoolSight
from twinpool_services.frontend.fact_documents import (
    HomeFactsDocument,
    LinkDocument,
    ReplicationFactsDocument,
    RouteFactsDocument,
)

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
NOW = 1_764_000_000.0
PRESENCE = "UserServices.PresenceFocus"


def parsed(picture: str) -> ET.Element:
    """Read a picture of ours."""
    return ET.fromstring(picture)  # noqa: S314 - it was drawn here


def route(destination: str, *, home: str, module: str = PRESENCE, **said: Any) -> RouteFactsDocument:
    usual: dict[str, Any] = {
        "export_status": "FinalState",
        "session_opened": True,
        "head_position": 7,
        "settled_position": 7,
        "acknowledged_position": 7,
        "pending_changes": 0,
        "pending_bytes": 0,
        "oldest_pending_seconds": 0.0,
        "proof_age_seconds": 3.0,
        "failure": None,
        "live": None,
    }
    return RouteFactsDocument(home=home, backup_module=module, destination=destination, **(usual | said))


def facts(
    pool: str, routes: Sequence[RouteFactsDocument], *, homes: dict[str, tuple[int, str]]
) -> ReplicationFactsDocument:
    return ReplicationFactsDocument(
        pool_fqdn=pool,
        front_end=f"fe1.{pool}",
        active=True,
        store="open",
        read_seconds=0.01,
        lease_holder=f"fe1.{pool}",
        link=LinkDocument(state="up", reason="", for_seconds=10.0),
        sync_trigger="Event",
        sync_interval_seconds=120.0,
        ack_timeout_seconds=30.0,
        homes=[
            HomeFactsDocument(home=home, term=term, serving_pool=serving, read_only=False)
            for home, (term, serving) in homes.items()
        ],
        routes=list(routes),
        streams=[],
    )


def pool(fqdn: PoolFqdn, partner: PoolFqdn | None, told: ReplicationFactsDocument | None, **said: Any) -> PoolSight:
    """A pool of two front ends, the first of which is active."""
    answers, told_at = said.pop("answers", True), said.pop("told_at", NOW)
    return PoolSight(
        fqdn=fqdn,
        backup_pool=partner,
        front_ends=tuple(
            FrontEndSight(
                name=FrontEndName(f"fe{number}.{fqdn}"),
                pool=fqdn,
                answers=answers,
                active=answers and number == 1,
                heard_at=told_at,
                why_silent="" if answers else "refused",
            )
            for number in (1, 2)
        ),
        facts=told,
        told_at=told_at if told else None,
        last_heard=told_at,
        **said,
    )
