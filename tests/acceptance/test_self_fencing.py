"""A pool that has heard nothing of its partner for too long takes no writes, if so configured, until it hears again."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.labs import P1, P2, RunningLab, running_lab
from twinpool.brokers.private_node import PrivateNode

pytestmark = pytest.mark.rabbitmq

REFUSED = 503
THRESHOLD = "00:00:04"


@pytest.fixture(scope="module")
def fencing(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair that fences itself, with a RabbitMQ of its own."""
    with running_lab(request, own_broker=True, lease_duration="00:00:02") as lab:
        file, names = lab.lab.deployment_file, [*lab.names(P1), *lab.names(P2)]
        line = f'[deployment]\nbackup_store_unavailable_threshold = "{THRESHOLD}"'
        file.write_text(file.read_text().replace("[deployment]", line))
        for name in names:
            lab.lab.kill(name)
        lab.start(*names)
        lab.await_final()
        yield lab


@pytest.fixture
def broker(fencing: RunningLab) -> PrivateNode:
    node = fencing.lab.servers.node
    assert node is not None
    return node


def attempt(lab: RunningLab, pool: str, name: str) -> httpx.Response:
    """Try to write a record through one front end."""
    return lab.at(name).put(f"/v1/homes/{pool}/modules/PresenceFocus/records/alice@lab/key", content=b"{}")


def await_writes(lab: RunningLab, pool: str) -> None:
    for name in lab.names(pool):
        lab.eventually(lambda one=name: attempt(lab, pool, one).is_success or None, f"{name} takes writes")  # type: ignore[misc]


def await_refusal(lab: RunningLab, pool: str) -> None:
    """Wait until each front end of a pool refuses writes, and says why and when to try again."""
    for name in lab.names(pool):
        refusal = lab.eventually(lambda one=name: refused(attempt(lab, pool, one)), f"{name} takes no writes")  # type: ignore[misc]
        assert int(refusal.headers["Retry-After"]) >= 1
        assert "nothing was heard of the partner" in refusal.text


def refused(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == REFUSED else None


def test_both_pools_stop_taking_writes_while_there_is_no_broker(fencing: RunningLab, broker: PrivateNode) -> None:
    for pool in (P1, P2):
        await_writes(fencing, pool)
    broker.stop()
    for pool in (P1, P2):
        await_refusal(fencing, pool)
    broker.start()
    for pool in (P1, P2):
        await_writes(fencing, pool)
    fencing.await_final()


def test_a_pool_stops_taking_writes_while_its_partner_is_gone(fencing: RunningLab) -> None:
    for name in fencing.names(P2):
        fencing.lab.kill(name)
    await_refusal(fencing, P1)
    answer = fencing.at(fencing.names(P1)[0]).get(f"/v1/homes/{P1}/modules/PresenceFocus/records/alice@lab/key")
    assert answer.is_success, "what is there can be read all the while"
    fencing.start(*fencing.names(P2))
    await_writes(fencing, P1)
    fencing.await_final()
