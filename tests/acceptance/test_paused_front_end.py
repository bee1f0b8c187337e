"""A front end that sleeps past its lease and wakes up late changes nothing (guarantee 3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labs import CONTACTS, P1, P2, RunningLab, running_lab
from twinpool.vocabulary.session import SessionId

pytestmark = pytest.mark.rabbitmq

TAKE_OVER = 15.0  #: seconds; the lease is 2


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair with short heartbeats: who sleeps keeps his place at the queues until the broker misses him."""
    with running_lab(request, heartbeat=2, lease_duration="00:00:02") as running:
        yield running


def session_at_partner(lab: RunningLab) -> SessionId:
    """Return the session that the importing pool has durably noted for pool1's presence."""
    with lab.store(P2) as store:
        return store.import_progress(CONTACTS).session


@pytest.mark.parametrize("pool", [P1, P2], ids=["exporter", "importer"])
def test_an_active_front_end_that_wakes_up_past_its_lease_changes_nothing(lab: RunningLab, pool: str) -> None:
    sleeper = lab.active(pool)
    with lab.load(P1) as load:
        lab.more(load)
        lab.pause_between_commits(sleeper)
        successor = lab.active_others(pool, sleeper, TAKE_OVER)
        lab.await_progress(P1)
        lease, session = lab.lease(pool), session_at_partner(lab)
        ended_before = len(lab.events(sleeper, "tenure.end"))

        lab.lab.resume(sleeper)

        lab.eventually(
            lambda: len(lab.events(sleeper, "tenure.end")) > ended_before, f"{sleeper} knows that it is over"
        )
        lab.await_progress(P1)
        assert (lab.lease(pool)["Holder"], lab.lease(pool)["Generation"]) == (successor, lease["Generation"])
        assert not lab.about(sleeper)["Active"]
        assert session_at_partner(lab).generation == session.generation, "no session of the sleeper's was taken up"
    lab.assert_in_step()

    lab.lab.stop(successor)
    assert lab.active_others(pool, successor, TAKE_OVER) == sleeper, "it stands for election again"
    lab.lab.start(successor)
    lab.assert_in_step()


def test_a_whole_pool_that_sleeps_and_wakes_up_goes_on(lab: RunningLab) -> None:
    """Nobody took over, for nobody was there to: after a time that no lease outlives, everybody wakes up at once."""
    names = lab.names(P2)
    for name in names:
        lab.lab.pause(name)
    expired_at = lab.status(P1)["AsOf"]
    lab.put(P1, "contacts/bob", b"friend")
    with lab.store(P2) as store:
        lab.eventually(lambda: store.current_lease() is None, "the lease of the sleeping pool has expired")
    assert expired_at < lab.status(P1)["AsOf"]

    for name in names:
        lab.lab.resume(name)

    lab.assert_in_step()
