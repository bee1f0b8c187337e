"""The active front end dies or leaves: another one takes over, and nothing that was answered is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.labs import P1, P2, RunningLab, running_lab

pytestmark = pytest.mark.rabbitmq

LEASE = 2.0
ALLOWANCE = 10.0  #: seconds beyond the lease that a busy machine may take until another front end has been scheduled
LONG_LEASE = 30.0


@pytest.fixture(scope="module")
def patient_lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair whose leases last so long that none expires within a test."""
    with running_lab(request, lease_duration="00:00:30") as running:
        yield running


@pytest.mark.parametrize("pool", [P1, P2], ids=["of-the-exporting-pool", "of-the-importing-pool"])
def test_another_front_end_takes_over_when_the_active_one_is_killed_under_load(lab: RunningLab, pool: str) -> None:
    """Claim 17: the service is active on one front end. Writes go through both front ends of pool1 all the while."""
    former = lab.active(pool)
    generation = lab.lease(pool)["Generation"]
    with lab.load(P1) as load:
        lab.more(load)
        killed_at = time.monotonic()
        lab.lab.kill(former)
        successor = lab.active_others(pool, former, LEASE + ALLOWANCE)
        print(f"{successor} took over after {time.monotonic() - killed_at:.2f} s, with a lease of {LEASE:.0f} s")
        lab.await_progress(P1)
        lab.more(load)

    assert lab.lease(pool)["Generation"] > generation
    lab.assert_in_step()
    lab.lab.start(former)


def test_an_orderly_stop_hands_over_long_before_the_lease_would_have_expired(patient_lab: RunningLab) -> None:
    lab = patient_lab
    former = lab.active(P1)
    with lab.load(P1) as load:
        lab.more(load)
        asked_at = time.monotonic()
        lab.lab.process(former).ask_to_stop()
        successor = lab.active_others(P1, former, LONG_LEASE / 2)
        print(f"{successor} took over {time.monotonic() - asked_at:.2f} s after SIGTERM, with a lease of 30 s")
        lab.await_progress(P1)

    assert lab.lab.process(former).wait_until_stopped(), "it had to be killed"
    assert lab.events(former, "front_end.stopped")
    lab.assert_in_step()
    lab.lab.start(former)


def test_a_pool_that_was_down_as_a_whole_goes_on_where_it_stood(lab: RunningLab) -> None:
    names = lab.names(P2)
    for name in names:
        lab.lab.kill(name)
    for number in range(200):
        lab.put(P1, f"contacts/{number}", b"friend")
    assert lab.module(P1)["ExportStatus"] != "FinalState"

    lab.start(*names)

    lab.assert_in_step()
