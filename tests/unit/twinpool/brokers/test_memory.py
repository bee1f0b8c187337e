"""What only the broker in this process can be made to do; the rest is in tests/conformance/test_link.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.links import MemoryWorld, Recorder, Stage, publish_each
from twinpool.errors import BrokerUnreachable
from twinpool.ports.broker import Outcome


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def stage(world: MemoryWorld) -> Iterator[Stage]:
    with ExitStack() as cleanup:
        yield Stage(world, cleanup)


def test_a_stopped_broker_refuses_and_keeps_what_it_has(world: MemoryWorld, stage: Stage) -> None:
    here, here_hears, _, there_hears = stage.pair()
    here.publish(stage.letter(b"kept"))
    there_hears.wait_delivered(1)

    world.broker.stop()
    with pytest.raises(BrokerUnreachable):
        here.publish(stage.letter(b"refused"))
    here_hears.wait_down()
    world.broker.start()
    here_hears.wait_up(2)

    assert [(each.body, each.redelivered) for each in there_hears.wait_delivered(2)] == [
        (b"kept", False),
        (b"kept", True),
    ]


def test_an_alarm_holds_letters_back_until_it_ends(world: MemoryWorld, stage: Stage) -> None:
    here, here_hears, _, there_hears = stage.pair()

    world.broker.block("memory")
    (token,) = publish_each(here, here_hears, [stage.letter(b"late")])
    here_hears.wait_for(lambda: "blocked" in here_hears.states)
    assert token not in here_hears.outcomes
    world.broker.block(None)

    assert here_hears.outcome(token) is Outcome.CONFIRMED
    assert there_hears.wait_delivered(1)[0].body == b"late"
    assert here_hears.states == ["up", "blocked", "unblocked"]


def test_a_cut_loses_what_an_alarm_held_back(world: MemoryWorld, stage: Stage) -> None:
    here, here_hears, _, _ = stage.pair()
    world.broker.block("memory")
    (token,) = publish_each(here, here_hears, [stage.letter()])

    world.cut(here)
    here_hears.wait_up(2)

    assert here_hears.outcomes[token] == [Outcome.LOST]
    assert here_hears.states[:4] == ["up", "blocked", "unblocked", "down"]


def test_a_strangers_message_is_delivered(world: MemoryWorld, stage: Stage) -> None:
    _, _, _, there_hears = stage.pair()

    world.broker.inject(stage.queue, headers={"odd": [1, None]}, body=b"foreign")

    (delivery,) = there_hears.wait_delivered(1)
    assert (delivery.headers, delivery.body) == ({"odd": [1, None]}, b"foreign")


def test_a_listener_that_fails_does_not_end_the_link(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    class Clumsy(Recorder):
        def link_up(self) -> None:
            super().link_up()
            raise RuntimeError("dropped the tray")

    hears = Clumsy()
    link = stage.open(stage.here, hears)
    hears.wait_up()

    assert hears.outcome(link.publish(stage.letter())) is Outcome.UNROUTABLE
    assert "dropped the tray" in caplog.text
