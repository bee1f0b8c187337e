"""What is concluded from drains of several sizes."""

from __future__ import annotations

import pytest

from twinpool.errors import InvalidParameter
from twinpool_services.bench.grow import growth, parse_sizes
from twinpool_services.bench.measuring import Reading, Rounds


def rounds(changes: int, seconds: float) -> Rounds:
    return Rounds(name=f"{changes}", readings=(Reading(changes=changes, seconds=seconds),))


def test_the_largest_backlog_is_compared_with_the_smallest() -> None:
    found = growth([rounds(100, 1.0), rounds(500, 100.0), rounds(1_000, 13.0)])

    assert found["time_per_change_ratio"] == 1.3
    assert found["us_per_change"] == {"100": 10_000.0, "500": 200_000.0, "1000": 13_000.0}


def test_sizes_are_taken_in_order_each_once() -> None:
    assert parse_sizes("500,100, 2_000,100") == [100, 500, 2_000]


@pytest.mark.parametrize("text", ["", "100", "100,100", "0,100", "-5,100", "a few,100"])
def test_fewer_than_two_sizes_show_no_growth(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_sizes(text)
