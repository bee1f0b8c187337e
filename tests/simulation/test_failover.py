"""Guarantees 4 and 5, over hundreds of schedules; see `twinpool.simulation.failover.checking` for what is checked."""

from __future__ import annotations

import pytest

from tests.simulation.planted_failover import PLANTED_FAILOVERS, PlantedFailover
from twinpool.simulation.failover.parts import Cast
from twinpool.simulation.failover.world import play

ENOUGH = 300  #: schedules


def test_every_schedule_of_failovers_keeps_one_server_and_loses_nothing_in_silence(
    failover_seeds: range, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    told = request.config.getoption("--seed") is not None
    for seed in failover_seeds:
        outcome = play(seed, Cast(), traced=told)
        if told:
            with capsys.disabled():
                print("", *outcome.trace, sep="\n")
        if outcome.violation is not None:
            story = "\n".join(play(seed, Cast(), traced=True).trace[-100:])
            pytest.fail(f"{story}\nseed {seed}: {outcome.violation}", pytrace=False)


@pytest.mark.parametrize("planted", PLANTED_FAILOVERS, ids=lambda planted: planted.name)
def test_the_simulation_of_failover_finds_a_planted_fault(planted: PlantedFailover) -> None:
    outcomes = (play(seed, planted.cast) for seed in range(ENOUGH))
    failing = next((each for each in outcomes if each.violation is not None), None)
    assert failing is not None, f"{planted.name}: not found in {ENOUGH} schedules"
    assert planted.shows_as in (failing.violation or "")
    assert play(failing.seed, planted.cast) == failing


def test_schedules_of_failovers_do_all_that_can_be_done() -> None:
    trace = "\n".join(line for seed in range(40) for line in play(seed, Cast(), traced=True).trace)
    for deed in (": give_up ", ": take_over ", ": demote ", ": touch ", ": note_repaired ", " inherits ", " aborts "):
        assert trace.count(deed) > 1, deed
    assert '"step":"done"' in trace


def test_a_schedule_of_failovers_replays_exactly() -> None:
    for seed in range(3):
        assert play(seed, Cast(), traced=True) == play(seed, Cast(), traced=True)
