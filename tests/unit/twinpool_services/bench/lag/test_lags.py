"""Lags count from when a change was due, whatever held it up."""

from __future__ import annotations

import pytest

from twinpool_services.bench.lag.lags import achieved_seconds, partner_lags, source_lags
from twinpool_services.bench.lag.load import NANO, Load
from twinpool_services.bench.lag.writing import Written
from twinpool_services.measuring.failing import MeasurementFailed
from twinpool_services.measuring.observing import Observer, Seen
from twinpool_services.measuring.percentiles import distribution

MS = 1_000_000
LOAD = Load(rate=10, seconds=0.5, warm_up=0.2)  # 2 changes to warm up, 5 that are measured, one each 100 ms
BEGAN = 7 * NANO


def test_a_change_is_due_exactly_when_its_turn_has_come() -> None:
    for rate in (1, 3, 7, 1_000, 4_999):
        load = Load(rate=rate, seconds=2.0, warm_up=0.0)
        for number in range(load.count):
            assert load.due_by(load.due_ns(number)) == number + 1
            assert load.due_by(load.due_ns(number) - 1) == number


def test_nothing_is_due_before_the_beginning_and_no_more_than_there_is_after_the_end() -> None:
    assert (LOAD.due_by(-1), LOAD.due_by(3_600 * NANO)) == (0, LOAD.count)


def test_a_lag_lasts_until_the_first_look_that_shows_the_position() -> None:
    written = Written(began_ns=BEGAN, positions=[1, 2, 3, 4, 5, 6, 8])  # 7 was rolled back
    seen = [Seen(2, BEGAN + 150 * MS), Seen(4, BEGAN + 350 * MS), Seen(8, BEGAN + 650 * MS)]

    assert partner_lags(LOAD, written, seen) == [150 * MS, 50 * MS, 250 * MS, 150 * MS, 50 * MS]


def test_a_writer_that_stalls_makes_no_lag_shorter() -> None:
    """All were written, and arrived, only at the end: each has waited since it was due, not since it was written."""
    end = BEGAN + 1_000 * MS
    written = Written(began_ns=BEGAN, positions=list(range(1, 8)), committed_ns=[(7, end)])

    expected = [800 * MS, 700 * MS, 600 * MS, 500 * MS, 400 * MS]
    assert partner_lags(LOAD, written, [Seen(7, end)]) == expected
    assert source_lags(LOAD, written) == expected
    assert achieved_seconds(LOAD, written) == pytest.approx(0.8)


def test_a_stall_shows_in_the_high_percentiles_and_the_maximum_is_exact() -> None:
    figures = distribution([10 * MS] * 900 + [5_000 * MS + 123] * 100)

    assert figures["p50_ms"] == pytest.approx(10, rel=0.01)
    assert figures["p99_ms"] == pytest.approx(5_000, rel=0.01)
    assert figures["max_ms"] == 5_000.000123


def test_a_partner_that_cannot_be_watched_is_told_to_whoever_waits() -> None:
    def look() -> int:
        raise OSError("gone")

    with Observer(look, lambda: None) as observer, pytest.raises(MeasurementFailed, match="gone"):
        observer.await_position(1, 30.0)
