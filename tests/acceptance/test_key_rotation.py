"""A pool's signing key is changed by command while users write: nothing is lost, and nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.labs import P1, P2, RunningLab, running_lab
from twinpool.security.key_ring import KeyRing
from twinpool_services.lab.keys import KEYS

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[RunningLab]:
    with running_lab(request) as running:
        yield running


def restart(lab: RunningLab, pool: str) -> None:
    """Start the front ends of a pool anew, one after the other."""
    for name in lab.names(pool):
        lab.lab.stop(name)
        lab.lab.start(name)


def done(lab: RunningLab, *words: str) -> None:
    finished = lab.command("keys", *words)
    assert finished.returncode == 0, finished.stderr


def test_a_key_is_changed_under_load_without_a_message_refused(lab: RunningLab) -> None:
    ring = KeyRing.within(lab.lab.directory / KEYS, P1)
    former = ring.signing_id()
    with lab.load(P1) as load:
        done(lab, "rotate", P1)
        restart(lab, P2)
        done(lab, "switch", P1)
        restart(lab, P1)
        lab.more(load)
    lab.assert_in_step()
    done(lab, "retire", P1)
    restart(lab, P2)
    lab.put(P1, "contacts/bob", b"signed with the new key")
    lab.assert_in_step()

    assert ring.known_ids() == (ring.signing_id(),)
    assert former not in ring.known_ids()
    for pool in (P1, P2):
        assert lab.status(pool)["UntrustedMessages"] is None
        assert not [event for name in lab.names(pool) for event in lab.events(name, "message.untrusted")]
