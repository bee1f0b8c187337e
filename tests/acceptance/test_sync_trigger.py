"""`SyncTrigger: Interval` gives the very cadence of the original: changes go at the tick, or when a sync is forced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labs import P1, RunningLab

pytestmark = pytest.mark.rabbitmq

LOOKS = 1.5  #: seconds that we look at a change that must not go yet; with an event trigger it would go in 0.02


@pytest.fixture
def by_interval(lab: RunningLab) -> Iterator[RunningLab]:
    """A pair whose next tick is ten minutes away; the configuration itself waits for it to go to pool2."""
    lab.await_final()
    lab.configure(P1, SyncTrigger="Interval", SyncInterval="00:10:00")
    position = lab.put(P1, "contacts/first", b"friend")
    force(lab)
    lab.eventually(lambda: acknowledged(lab) >= position, "a cycle has just begun")
    lab.eventually(lambda: next_cycle_in(lab) > 300, "the exporter goes by the interval")
    yield lab
    lab.configure(SyncTrigger="Event", SyncInterval="00:02:00", MaxChangesPerBatch=10_000)
    lab.assert_in_step()


def force(lab: RunningLab) -> None:
    """Force a sync of presence, and wait until it is under way: else it would take along what is written next."""
    done = lab.command("Invoke-CsBackupServiceSync", "-PoolFqdn", P1, "-BackupModule", "PresenceFocus")
    assert done.returncode == 0, done.stderr
    asked_for = f"/v1/pools/{P1}/sync"
    lab.eventually(lambda: lab.client(P1).get(asked_for).json()["Requests"] == [], "the sync is under way")


def acknowledged(lab: RunningLab) -> int:
    return int(lab.module(P1)["AcknowledgedPosition"])


def next_cycle_in(lab: RunningLab) -> float:
    """Seconds until the next tick, by the exporter itself; none while nobody exports."""
    facts = lab.at(lab.active(P1)).get(f"/v1/pools/{P1}/replication-facts").json()
    live = [row["Live"] for row in facts["Routes"] if row["BackupModule"].endswith("PresenceFocus")]
    return float(live[0]["NextCycleInSeconds"]) if live[0] else 0.0


def stays_behind(lab: RunningLab, position: int) -> None:
    """See that a position is not acknowledged, for a while."""
    assert lab.watcher.until(lambda: acknowledged(lab) >= position or None, LOOKS) is None, "it went by itself"


def test_a_change_waits_for_the_tick_and_goes_with_it(by_interval: RunningLab) -> None:
    lab = by_interval
    position = lab.put(P1, "contacts/bob", b"friend")
    stays_behind(lab, position)

    lab.configure(P1, SyncInterval="00:00:05")  # A shorter interval counts at once, so the next tick is near.

    lab.eventually(lambda: acknowledged(lab) >= position, "it went with the tick", 30)


def test_a_forced_sync_sends_at_once(by_interval: RunningLab) -> None:
    """Claim 12: `Invoke-CsBackupServiceSync` forces a sync."""
    lab = by_interval
    position = lab.put(P1, "contacts/carol", b"friend")
    stays_behind(lab, position)

    force(lab)

    lab.eventually(lambda: acknowledged(lab) >= position, "it was sent, ten minutes before the tick", 30)


def test_what_waits_is_steady_while_it_fits_one_batch_and_a_backlog_when_it_does_not(by_interval: RunningLab) -> None:
    """Claims 21, 22 and 23: Final, Steady and NonSteady. Claim 16: changes are collected into batches."""
    lab = by_interval
    lab.eventually(lambda: lab.module(P1)["ExportStatus"] == "FinalState", "nothing is left")

    for number in range(3):
        lab.put(P1, f"contacts/{number}", b"friend")
    assert (lab.module(P1)["ExportStatus"], lab.module(P1)["PendingChanges"]) == ("SteadyState", 3)

    lab.configure(P1, MaxChangesPerBatch=2)
    assert lab.module(P1)["ExportStatus"] == "NonSteadyState"
