"""Rounds of measurements, and the order in which contenders take their turns."""

from __future__ import annotations

import pytest

from twinpool_services.bench.measuring import Reading, Rounds, in_turns
from twinpool_services.lab import open_display


class Noted:
    """A contender that takes as long as it is told to, and notes its turns."""

    def __init__(self, name: str, turns: list[str]) -> None:
        self.name, self._turns = name, turns

    def run(self) -> Reading:
        self._turns.append(self.name)
        return Reading(changes=100, seconds=1.0)


def test_a_reading_tells_changes_a_second_and_the_processor_time_of_100_000() -> None:
    reading = Reading(changes=50_000, seconds=2.0, cpu_s=1.5)

    assert reading.changes_per_s == 25_000
    assert reading.cpu_s_per_100k == 3.0


def test_what_was_not_read_is_not_invented() -> None:
    assert Reading(changes=1, seconds=1.0).cpu_s_per_100k is None


def test_rounds_tell_the_median_and_not_the_mean() -> None:
    rounds = Rounds(name="x", readings=tuple(Reading(changes=1_000, seconds=seconds) for seconds in (1.0, 2.0, 100.0)))

    assert rounds.changes_per_s == 500
    assert rounds.spread == (10, 1_000)


def test_a_median_is_taken_of_the_rounds_that_have_the_figure() -> None:
    readings = (Reading(changes=1, seconds=1.0), Reading(changes=1, seconds=1.0, peak_rss_mb=7.0))

    assert Rounds(name="x", readings=readings).median(lambda reading: reading.peak_rss_mb) == 7.0
    assert Rounds(name="x", readings=readings).median(lambda reading: reading.cpu_s) is None


@pytest.mark.parametrize(("rounds", "turns"), [(1, "ab"), (2, "abba"), (3, "abbaab")])
def test_contenders_take_turns_there_and_back(rounds: int, turns: str) -> None:
    taken: list[str] = []

    found = in_turns([Noted("a", taken), Noted("b", taken)], rounds, open_display(quiet=True))

    assert "".join(taken) == turns
    assert [(each.name, len(each.readings)) for each in found] == [("a", rounds), ("b", rounds)]
