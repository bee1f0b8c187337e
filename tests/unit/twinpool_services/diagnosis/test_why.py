"""Each rule of what holds a module back, in the order of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from twinpool.errors import ContentMissing
from twinpool_services.diagnosis import FREE, Partner, RouteFacts, Stage, hindrances

#: Everything works, and nothing is pending.
WELL = RouteFacts(
    home="pool1.lab",
    module="UserServices.PresenceFocus",
    pool="pool1.lab",
    backup_pool="pool2.lab",
    serving_pool="pool1.lab",
    holder="fe1.pool1.lab",
    proof_age=1.0,
    head=7,
    settled=7,
    acknowledged=7,
    read_to=7,
    partner=Partner(holder="fe1.pool2.lab", cursor=7, heard_ago=1.0),
)
#: Everything works, and a change is on its way.
BUSY = replace(WELL, head=9, settled=9, read_to=9, pending_changes=2, pending_bytes=80, pending_age=4.0, in_flight=1)


def busy(**changes: Any) -> RouteFacts:
    return replace(BUSY, **changes)


def partner(**changes: Any) -> RouteFacts:
    return replace(BUSY, partner=replace(BUSY.partner, **changes))


CASES = [
    (WELL, Stage.NOTHING_PENDING, "acknowledged position are 7"),
    (BUSY, Stage.UNDER_WAY, "1 of 8 batches"),
    (busy(silence="fe1: connection refused"), Stage.POOL_SILENT, "connection refused"),
    (busy(store_failure="the disk is full"), Stage.STORE_UNAVAILABLE, "the disk is full"),
    (busy(serving_pool="pool2.lab"), Stage.NOT_SERVED, "pool2.lab"),
    (busy(backup_pool=""), Stage.NO_BACKUP_POOL, "no pair"),
    (busy(holder="", phase=""), Stage.NOT_ACTIVE, "lease: nobody"),
    (busy(active_answers=False, phase=""), Stage.NOT_ACTIVE, "fe1.pool1.lab"),
    (
        busy(link="down", link_reason="connection refused", link_for=30.0),
        Stage.BROKER_DOWN,
        "30.0 s: connection refused",
    ),
    (busy(link="blocked", link_reason="low on disk"), Stage.BROKER_BLOCKED, "low on disk"),
    (partner(import_failure=f"content ab is not here. {ContentMissing.hint}"), Stage.CONTENT_MISSING, "content ab"),
    (partner(fetching=True, applying_for=7.0), Stage.CONTENT_MISSING, "waits for 7.0 s"),
    (partner(import_failure="the disk is full"), Stage.IMPORT_ERROR, "the disk is full"),
    (partner(holder=""), Stage.PARTNER_NOT_ACTIVE, "last heard 1.0 s ago"),
    (partner(store_failure="no space", holder=""), Stage.PARTNER_NOT_ACTIVE, "last heard 1.0 s ago"),
    (partner(link="down"), Stage.PARTNER_NOT_ACTIVE, "last heard 1.0 s ago"),
    (busy(proof_age=45.0), Stage.PARTNER_SILENT, "last heard 45.0 s ago, AckTimeout is 30.0 s"),
    (
        busy(proof_age=None, session_opened=False, partner=Partner(silence="fe1: no answer in time")),
        Stage.PARTNER_SILENT,
        "fe1: no answer in time",
    ),
    (
        busy(pending_age=6.0, partner=Partner(silence="fe1: connection refused")),
        Stage.PARTNER_SILENT,
        "fe1: connection refused",
    ),
    (busy(phase="resting", cause="undelivered", failure="no queue"), Stage.NO_SESSION, "because of: undelivered"),
    (busy(phase="opening", cause="start"), Stage.NO_SESSION, "phase opening"),
    (busy(failure="the backup pool's queue is full"), Stage.EXPORT_ERROR, "queue is full"),
    (busy(settled=8, read_to=8), Stage.WAITING_FOR_GAP, "settled is 8, the head 9"),
    (partner(batch_seconds=6.0), Stage.PARTNER_STORE_SLOW, "a batch takes 6.0 s"),
    (partner(applying_for=20.0), Stage.PARTNER_STORE_SLOW, "has taken 20.0 s"),
    (busy(in_flight=8), Stage.WINDOW_FULL, "window 8"),
    (busy(phase="walking", session="1.3.2", cause="pruned"), Stage.SNAPSHOT, "session 1.3.2"),
    (busy(read_seconds=3.0), Stage.STORE_SLOW, "took 3.0 s"),
    (
        busy(trigger="Interval", in_flight=0, batches_left=0, next_cycle_in=70.0, read_to=7),
        Stage.SYNC_TRIGGER,
        "next tick is in 70.0 s",
    ),
]


@pytest.mark.parametrize(
    ("facts", "stage", "evidence"), CASES, ids=[f"{n}-{stage}" for n, (_, stage, _) in enumerate(CASES)]
)
def test_a_rule_is_found_with_its_evidence(facts: RouteFacts, stage: Stage, evidence: str) -> None:
    first = hindrances(facts)[0]

    assert first.stage is stage
    assert any(evidence in line for line in first.evidence)
    assert first.advice


def test_every_stage_but_read_only_has_a_case() -> None:
    """`ReadOnly` never stands first, and has a test of its own."""
    assert {stage for _, stage, _ in CASES} == set(Stage) - {Stage.READ_ONLY}


def test_a_read_only_home_holds_no_export_back() -> None:
    told = [each.stage for each in hindrances(replace(WELL, read_only=True))]

    assert told == [Stage.NOTHING_PENDING, Stage.READ_ONLY]
    assert set(told) <= FREE


def test_causes_are_told_before_their_consequences() -> None:
    facts = busy(link="down", phase="resting", failure="no connection to the broker", proof_age=90.0)

    assert [each.stage for each in hindrances(facts)] == [Stage.BROKER_DOWN, Stage.PARTNER_SILENT, Stage.NO_SESSION]


def test_nothing_is_told_of_what_cannot_be_seen() -> None:
    facts = busy(silence="nobody answers", holder="", link="down")

    assert [each.stage for each in hindrances(facts)] == [Stage.POOL_SILENT]
