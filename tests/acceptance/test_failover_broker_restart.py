"""The broker ends in the middle of a failover and comes back: the operation goes on, or comes to nothing, cleanly."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.crashing import HOME, Crashing, crashing_lab, other
from twinpool.brokers.private_node import PrivateNode
from twinpool.failover.operation import Engaged, Operation, Step
from twinpool.vocabulary.home import Mode
from twinpool_services.backup import read_standing

pytestmark = pytest.mark.rabbitmq

ENDS = pytest.mark.parametrize("end", [PrivateNode.stop, PrivateNode.kill], ids=["stopped", "killed"])


@pytest.fixture(scope="module")
def crashing(
    request: pytest.FixtureRequest, events_are_logged_as_json: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crashing]:
    with crashing_lab(request, tmp_path_factory.mktemp("armed"), own_broker=True) as running:
        yield running


def node(crashing: Crashing) -> PrivateNode:
    found = crashing.lab.lab.servers.node
    assert found is not None
    return found


def assert_clean(crashing: Crashing, asked: Operation) -> None:
    """The operation has ended one way or the other, somebody serves read-write, and the client gets on."""
    ended = crashing.over(asked)
    serving = crashing.serving()
    assert (ended.step, serving) in {(Step.DONE, asked.target), (Step.ABORTED, asked.source)}, ended
    with crashing.lab.store(serving) as store:
        assert next(each for each in store.homes() if each.home == HOME).mode is Mode.READ_WRITE
    crashing.await_writes()


def is_engaged(crashing: Crashing, asked: Operation) -> bool:
    """Whether the source is read-only for an operation, or has been already."""
    with crashing.lab.store(asked.source) as store:
        engaged = read_standing(store, crashing.lab.lab.deployment, HOME).engagement
    return engaged is not None and engaged.operation == asked.id and engaged.state is not Engaged.ABORTED


@ENDS
def test_a_broker_that_ends_once_the_source_is_engaged(crashing: Crashing, end: Callable[[PrivateNode], None]) -> None:
    crashing.await_writes()
    asked = crashing.ask(other(crashing.serving()))
    crashing.lab.eventually(lambda: is_engaged(crashing, asked), "the source is engaged")
    end(node(crashing))
    node(crashing).start()
    assert_clean(crashing, asked)


@ENDS
@pytest.mark.parametrize(
    ("at_target", "point"),
    [
        (True, "before save_operation quiesced"),
        (True, "after save_operation handing-over"),
        (False, "before give_up"),
        (False, "after give_up"),
        (True, "before take_over"),
    ],
)
def test_a_broker_that_ends_while_one_side_is_down(
    crashing: Crashing, at_target: bool, point: str, end: Callable[[PrivateNode], None]
) -> None:
    """Held at a step by the death of whoever should go on, so that the broker ends there and nowhere else."""
    source = crashing.serving()
    target = other(source)
    crashing.await_writes()
    dying = target if at_target else source
    crashing.arm(dying, point)
    asked = crashing.ask(target)
    crashing.lab.eventually((crashing.armed / f"{dying}.hit").exists, "somebody comes to the point")
    end(node(crashing))
    crashing.await_death(dying)
    node(crashing).start()
    assert_clean(crashing, asked)


def test_nothing_that_was_answered_is_lost(crashing: Crashing) -> None:
    crashing.assert_nothing_is_lost()
