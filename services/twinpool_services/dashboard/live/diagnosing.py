"""What holds a module back, by the same rules as `twinpool why`, from what the scene has of both pools."""

from __future__ import annotations

from twinpool_services.dashboard.live.scene import PoolSight
from twinpool_services.diagnosis import Hindrance, Partner, RouteFacts, hindrances
from twinpool_services.frontend.fact_documents import ReplicationFactsDocument, RouteFactsDocument, StreamFactsDocument

SILENCE = "no front end of it answers"


def what_holds_back(source: PoolSight, route: RouteFactsDocument, destination: PoolSight | None) -> list[Hindrance]:
    """Return what applies, the one to see to first at the front."""
    told, live = source.facts, route.live
    if told is None:
        return []
    home = next((each for each in told.homes if each.home == route.home), None)
    return hindrances(
        RouteFacts(
            home=route.home,
            module=route.backup_module,
            pool=source.fqdn,
            backup_pool=route.destination,
            silence="" if source.answers else SILENCE,
            store_failure="" if told.store == "open" else told.store,
            serving_pool=home.serving_pool if home else source.fqdn,
            read_only=home.read_only if home else False,
            holder=told.lease_holder or "",
            active_answers=source.active is not None,
            link=told.link.state,
            link_reason=told.link.reason,
            link_for=told.link.for_seconds,
            session_opened=route.session_opened,
            proof_age=route.proof_age_seconds,
            failure=route.failure or "",
            head=route.head_position,
            settled=route.settled_position,
            acknowledged=route.acknowledged_position,
            read_to=live.read_to if live else None,
            pending_changes=route.pending_changes,
            pending_bytes=route.pending_bytes,
            pending_age=route.oldest_pending_seconds,
            phase=live.phase if live else "",
            session=(live.session or "") if live else "",
            cause=live.cause if live else "",
            in_flight=live.in_flight if live else 0,
            window=live.window if live else 1,
            trigger=told.sync_trigger,
            sync_interval=told.sync_interval_seconds,
            ack_timeout=told.ack_timeout_seconds,
            next_cycle_in=live.next_cycle_in_seconds if live else 0.0,
            batches_left=live.batches_left if live else None,
            read_seconds=told.read_seconds,
            partner=_partner(destination, route),
        )
    )


def stream_told(sight: PoolSight | None, home: str, module: str) -> StreamFactsDocument | None:
    """Return what the importing pool tells of a stream."""
    streams = sight.facts.streams if sight and sight.facts else []
    return next((each for each in streams if (each.home, each.backup_module) == (home, module)), None)


def _partner(sight: PoolSight | None, route: RouteFactsDocument) -> Partner:
    if sight is None or sight.facts is None or not sight.answers:
        return Partner(silence=SILENCE)
    told: ReplicationFactsDocument = sight.facts
    if told.store != "open":
        return Partner(store_failure=told.store)
    stream = stream_told(sight, route.home, route.backup_module)
    live = stream.live if stream else None
    return Partner(
        holder=told.lease_holder or "",
        link=told.link.state if told.active else "up",
        import_failure=(stream.failure or "") if stream else "",
        cursor=stream.cursor_position if stream else None,
        heard_ago=live.heard_ago_seconds if live else None,
        waiting=live.waiting if live else 0,
        applying_for=live.applying_for_seconds if live else None,
        fetching=live.fetching if live else False,
        batch_seconds=stream.batch_seconds if stream else None,
        read_seconds=told.read_seconds,
    )
