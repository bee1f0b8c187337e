"""RabbitMQ goes away, or parts of what was declared there do: the stream goes on without help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.independent_client import IndependentClient
from tests.labs import P1, P2, PRESENCE, RunningLab, running_lab
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.topology import CONTROL, queue_to

pytestmark = pytest.mark.rabbitmq


@dataclass(frozen=True)
class Broken:
    """A lab and what a test breaks in it."""

    lab: RunningLab
    node: PrivateNode


@pytest.fixture(scope="module")
def broken(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[Broken]:
    """A pair whose RabbitMQ is a private node of its own."""
    with running_lab(request, own_broker=True, lease_duration="00:00:02") as lab:
        assert lab.lab.servers.node is not None
        lab.await_final()  # A status without any session would stay NotInitialized, whatever happens to the broker.
        yield Broken(lab, lab.lab.servers.node)


@pytest.mark.parametrize("end", [PrivateNode.stop, PrivateNode.kill], ids=["stopped", "killed"])
def test_a_broker_that_ends_and_comes_back_under_load_loses_and_doubles_nothing(
    broken: Broken, end: Callable[[PrivateNode], None]
) -> None:
    """Claim 25: while it is away changes cannot be backed up, so the exact status is unknown."""
    lab = broken.lab
    with lab.load(P1) as load:
        lab.more(load)
        end(broken.node)
        lab.eventually(lambda: lab.module(P1)["ExportStatus"] == "ErrorState", "the source says so")
        assert "broker" in lab.module(P1)["Reason"]
        lab.more(load)

        broken.node.start()

        lab.await_progress(P1)
        lab.more(load)
    lab.assert_in_step()


@pytest.mark.parametrize(
    "queue",
    [queue_to(P2, PRESENCE), queue_to(P1, CONTROL), queue_to(P2, CONTROL)],
    ids=["batches", "acknowledgements", "control-of-the-importer"],
)
def test_a_deleted_queue_comes_back_and_the_stream_goes_on(broken: Broken, queue: str) -> None:
    lab = broken.lab
    with lab.load(P1) as load, IndependentClient(lab.lab.servers.broker_url) as client:
        lab.more(load)

        client.delete_queue(queue)

        lab.await_progress(P1)
        lab.more(load)
    lab.assert_in_step()


def test_closed_connections_come_back_and_the_stream_goes_on(broken: Broken) -> None:
    lab = broken.lab
    with lab.load(P1) as load:
        lab.more(load)

        broken.node.ctl("close_all_connections", "an operator closes them")

        lab.await_progress(P1)
        lab.more(load)
    lab.assert_in_step()


def test_a_broker_that_falls_silent_and_wakes_up_again_is_no_loss(broken: Broken) -> None:
    """Its connections stay open; nothing is answered."""
    lab = broken.lab
    with lab.load(P1) as load:
        lab.more(load)
        broken.node.pause()
        lab.more(load)

        broken.node.resume()

        lab.await_progress(P1)
    lab.assert_in_step()
