"""The simulation can fail: it finds each of the faults that are planted, within few schedules."""

from __future__ import annotations

import pytest

from tests.simulation.planted import PLANTED, Planted
from twinpool.simulation.schedule import Outcome, play
from twinpool.simulation.shrinking import shrink, story

ENOUGH = 500  #: schedules


def first_failure(planted: Planted, *, with_faults: int = 0) -> Outcome:
    outcomes = (play(seed, planted.cast) for seed in range(ENOUGH))
    failing = next((o for o in outcomes if o.violation is not None and len(o.strikes) >= with_faults), None)
    assert failing is not None, f"{planted.name}: not found in {ENOUGH} schedules"
    return failing


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_the_simulation_finds_a_planted_fault(planted: Planted) -> None:
    failing = first_failure(planted)
    assert planted.shows_as in (failing.violation or "")
    assert play(failing.seed, planted.cast) == failing  # Exactly, for else nobody could look into it.


def test_a_failing_schedule_is_shrunk_and_its_story_told() -> None:
    planted = next(planted for planted in PLANTED if planted.name == "no session check")
    failing = first_failure(planted, with_faults=10)
    shrunk = shrink(failing, planted.cast)
    assert shrunk.violation is not None
    assert len(shrunk.strikes) < len(failing.strikes)
    told = story(shrunk)
    assert f"./scripts/test --seed {failing.seed}" in told
    assert "takes office" in told
    assert "VIOLATION" in told
