"""Puts together, from what the front ends of both pools say, the facts that `twinpool why` concludes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twinpool_services.cli.asking_all import ask_all
from twinpool_services.cli.client import Client
from twinpool_services.diagnosis import Answers, Partner, RouteFacts

Row = Mapping[str, Any]


def gather(client: Client, fqdn: str, module: str) -> list[RouteFacts]:
    """Return the facts of each route of a module that a pool feeds or should feed. Raises `NotFound`."""
    pool = client.deployment.pool(fqdn).fqdn
    ours = _said(client, pool)
    partner = client.deployment.partner_of(pool) or ""
    speaker = _speaker(ours)
    if speaker is None or speaker["Store"] != "open":
        theirs = _said(client, partner) if partner else None
        failure = "" if speaker is None else str(speaker["Store"])
        return [
            RouteFacts(
                home=pool,
                module=module,
                pool=pool,
                backup_pool=partner,
                silence=ours.silence,
                store_failure=failure,
                partner=_partner(theirs, pool, module),
            )
        ]
    return list(_routes(client, ours, speaker, module, partner))


def _said(client: Client, pool: str) -> Answers:
    return ask_all(client, pool, f"/v1/pools/{pool}/replication-facts")


def _speaker(answers: Answers | None) -> Row | None:
    """Choose who speaks for a pool: the active front end, else one whose store is open, else any."""
    documents: list[Row] = list(answers.documents.values()) if answers else []
    order = sorted(documents, key=lambda each: (not each["Active"], each["Store"] != "open"))
    return order[0] if order else None


def _routes(client: Client, ours: Answers, speaker: Row, module: str, partner: str) -> Iterator[RouteFacts]:
    routes = [row for row in speaker["Routes"] if row["BackupModule"] == module]
    heard = {each: _said(client, each) for each in {row["Destination"] for row in routes}}
    for row in routes:
        yield _exported(ours, speaker, row, heard[row["Destination"]])
    if not routes:
        yield _not_exported(ours, speaker, module, partner)


def _not_exported(ours: Answers, speaker: Row, module: str, partner: str) -> RouteFacts:
    """Somebody else serves what the module is of, or there is no backup pool."""
    imports = [row for row in speaker["Streams"] if row["BackupModule"] == module]
    home = imports[0]["Home"] if imports else ours.pool
    serving = next((each["ServingPool"] for each in speaker["Homes"] if each["Home"] == home), "")
    return RouteFacts(home=home, module=module, pool=ours.pool, backup_pool=partner, serving_pool=serving)


def _exported(ours: Answers, speaker: Row, row: Row, theirs: Answers) -> RouteFacts:
    live: Row = row["Live"] or {}
    home: Row = next((each for each in speaker["Homes"] if each["Home"] == row["Home"]), {})
    active = [name for name, document in ours.documents.items() if document["Active"]]
    return RouteFacts(
        home=row["Home"],
        module=row["BackupModule"],
        pool=ours.pool,
        backup_pool=row["Destination"],
        serving_pool=home.get("ServingPool", ours.pool),
        read_only=bool(home.get("ReadOnly", False)),
        holder=speaker["LeaseHolder"] or "",
        active_answers=bool(active),
        link=speaker["Link"]["State"],
        link_reason=speaker["Link"]["Reason"],
        link_for=speaker["Link"]["ForSeconds"],
        session_opened=row["SessionOpened"],
        proof_age=row["ProofAgeSeconds"],
        failure=row["Failure"] or "",
        head=row["HeadPosition"],
        settled=row["SettledPosition"],
        acknowledged=row["AcknowledgedPosition"],
        read_to=live.get("ReadTo"),
        pending_changes=row["PendingChanges"],
        pending_bytes=row["PendingBytes"],
        pending_age=row["OldestPendingSeconds"],
        phase=live.get("Phase", ""),
        session=live.get("Session") or "",
        cause=live.get("Cause", ""),
        in_flight=live.get("InFlight", 0),
        window=live.get("Window", 1),
        trigger=speaker["SyncTrigger"],
        sync_interval=speaker["SyncIntervalSeconds"],
        ack_timeout=speaker["AckTimeoutSeconds"],
        next_cycle_in=live.get("NextCycleInSeconds", 0.0),
        batches_left=live.get("BatchesLeft"),
        read_seconds=speaker["ReadSeconds"],
        partner=_partner(theirs, row["Home"], row["BackupModule"]),
    )


def _partner(theirs: Answers | None, home: str, module: str) -> Partner:
    if theirs is None:
        return Partner(silence="there is none")
    speaker = _speaker(theirs)
    if speaker is None:
        return Partner(silence=theirs.silence)
    if speaker["Store"] != "open":
        return Partner(store_failure=speaker["Store"])
    named = (each for each in speaker["Streams"] if (each["Home"], each["BackupModule"]) == (home, module))
    stream: Row = next(named, {})
    live: Row = stream.get("Live") or {}
    return Partner(
        holder=speaker["LeaseHolder"] or "",
        link=speaker["Link"]["State"] if speaker["Active"] else "up",
        import_failure=stream.get("Failure") or "",
        cursor=stream.get("CursorPosition"),
        heard_ago=live.get("HeardAgoSeconds"),
        waiting=live.get("Waiting", 0),
        applying_for=live.get("ApplyingForSeconds"),
        fetching=bool(live.get("Fetching", False)),
        batch_seconds=stream.get("BatchSeconds"),
        read_seconds=speaker["ReadSeconds"],
    )
