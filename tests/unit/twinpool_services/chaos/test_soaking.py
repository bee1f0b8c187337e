"""A soak: which seeds are played, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from twinpool_services.chaos.judging import Verdict
from twinpool_services.chaos.scenario.model import Scenario
from twinpool_services.chaos.scenario.stock import find_scenario
from twinpool_services.chaos.soaking import soaked

SCENARIOS = [find_scenario("steady"), find_scenario("active-killed")]


class Played:
    """Plays scenarios whose verdict a test has written down; all others pass."""

    def __init__(self, **told: Verdict) -> None:
        self._told = told
        self.runs: list[tuple[str, int]] = []

    def run_all(self, scenarios: Sequence[Scenario], seed: int) -> Iterator[Verdict]:
        for one in scenarios:
            self.runs.append((one.name, seed))
            passed = Verdict(scenario=one.name, seed=seed, passed=True)
            yield self._told.get(f"{one.name}_{seed}".replace("-", "_"), passed)


def test_each_round_has_another_seed_and_the_one_that_was_begun_is_finished() -> None:
    played, seconds = Played(), count()

    found = list(soaked(played.run_all, SCENARIOS, 7, 2.5, lambda: float(next(seconds))))

    assert played.runs == [(one.name, seed) for seed in (7, 8, 9) for one in SCENARIOS]
    assert [verdict.seed for verdict in found] == [7, 7, 8, 8, 9, 9]


def test_it_ends_at_the_first_run_that_came_to_no_good_end() -> None:
    skipped = Verdict(scenario="steady", seed=1, passed=False, skipped="there is no namespace here")
    failed = Verdict(scenario="steady", seed=2, passed=False, failures=("the broker did not come up",))
    played = Played(steady_1=skipped, steady_2=failed)

    found = list(soaked(played.run_all, SCENARIOS, 1, 3600.0))

    assert found[-1] is failed
    assert played.runs == [("steady", 1), ("active-killed", 1), ("steady", 2)]


def test_without_any_time_one_round_is_played() -> None:
    played = Played()

    assert len(list(soaked(played.run_all, SCENARIOS, 1, 0.0))) == len(SCENARIOS)
