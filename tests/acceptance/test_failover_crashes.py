"""Whoever takes part in a failover is killed at each of its steps: it is carried through, or comes to nothing.

A client writes all the while, to whoever serves. At the end: nothing that it was told is lost, and no two pools were
in the same term.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.crashing import HOME, Crashing, crashing_lab, other
from twinpool.failover.operation import Kind, Options, Step
from twinpool.vocabulary.home import Mode

pytestmark = pytest.mark.rabbitmq

WHEN = ("before", "after")

TARGET_POINTS = ("quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done")
AT_TARGET = (*(f"save_operation {step}" for step in TARGET_POINTS), "take_over")
AT_SOURCE = ("save_operation engaged", "set_mode read-only", "give_up", "save_operation handed-over")
AT_TARGET_ABORTING = ("save_operation aborting", "save_operation aborted")
AT_SOURCE_ABORTING = ("save_operation releasing", "set_mode read-write", "save_operation aborted")
IN_DISASTER = ("save_operation drained", "take_over", "save_operation serving", "save_operation done")
IN_RETURN = ("demote", "note_repaired")


@pytest.fixture(scope="module")
def crashing(
    request: pytest.FixtureRequest, events_are_logged_as_json: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crashing]:
    with crashing_lab(request, tmp_path_factory.mktemp("armed")) as running:
        yield running


def points(at: tuple[str, ...]) -> list[str]:
    return [f"{when} {what}" for what in at for when in WHEN]


@pytest.mark.parametrize(
    ("at_target", "point"),
    [*((True, point) for point in points(AT_TARGET)), *((False, point) for point in points(AT_SOURCE))],
)
def test_a_planned_failover_is_carried_through(crashing: Crashing, at_target: bool, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    crashing.await_writes()
    dying = target if at_target else source
    crashing.arm(dying, point)
    asked = crashing.ask(target)
    crashing.await_death(dying)
    done = crashing.over(asked)
    assert (done.step, done.failure) == (Step.DONE, None)
    assert crashing.serving() == target
    crashing.await_writes()


@pytest.mark.parametrize(
    ("at_target", "point"),
    [
        *((True, point) for point in points(AT_TARGET_ABORTING)),
        *((False, point) for point in points(AT_SOURCE_ABORTING)),
    ],
)
def test_one_that_comes_to_nothing_leaves_the_source_writing(crashing: Crashing, at_target: bool, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    dying = target if at_target else source
    crashing.arm(dying, point)
    asked = crashing.ask(target, options=Options(wait_time=60.0, prepare_only=True))
    crashing.await_death(dying)
    assert crashing.over(asked).step is Step.ABORTED
    assert crashing.serving() == source
    crashing.await_writes()
    with crashing.lab.store(source) as store:
        assert next(each for each in store.homes() if each.home == HOME).mode is Mode.READ_WRITE


@pytest.mark.parametrize("point", points(IN_DISASTER))
def test_a_disaster_failover_is_carried_through(crashing: Crashing, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    for name in crashing.lab.names(source):
        crashing.lab.lab.kill(name)
    crashing.arm(target, point)
    asked = crashing.ask(target, Kind.DISASTER, Options(wait_time=10.0))
    crashing.await_death(target)
    assert crashing.over(asked).step is Step.DONE
    crashing.await_writes()
    crashing.all_ready()
    assert crashing.serving() == target


def test_nothing_that_was_answered_is_lost(crashing: Crashing) -> None:
    """After everything above: each answered write is in both pools, or among the orphans of one."""
    crashing.assert_nothing_is_lost()
    assert {421, 503} <= set(crashing.client.refused)
