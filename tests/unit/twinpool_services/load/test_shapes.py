"""A shape is a rate and its integral; due times follow from the integral alone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool_services.load.shapes import (
    Burst,
    Diurnal,
    Ramp,
    Shape,
    Steady,
    Steps,
    due_times,
    offered_between,
    total_seconds,
)

rates = st.floats(0, 50)
spans = st.floats(0.1, 8)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    seconds = draw(spans)
    match draw(st.integers(0, 4)):
        case 0:
            return Steady(draw(rates), seconds)
        case 1:
            return Ramp(draw(rates), draw(rates), seconds)
        case 2:
            return Steps(tuple(draw(st.lists(rates, min_size=1, max_size=4))), seconds)
        case 3:
            every = draw(spans)
            return Burst(draw(rates), draw(rates), every, every * draw(st.floats(0, 1)), seconds)
        case _:
            low = draw(rates)
            return Diurnal(low, low + draw(rates), draw(spans), seconds)


@given(shapes())
def test_the_count_is_the_integral_of_the_rate(shape: Shape) -> None:
    pieces = 4_000
    width = shape.seconds / pieces
    summed = sum(shape.rate_at((piece + 0.5) * width) * width for piece in range(pieces))
    # A rate that jumps within a piece is off by at most that piece, at each of its jumps.
    assert shape.count_by(shape.seconds) == pytest.approx(summed, abs=200 * 100 * width, rel=1e-3)


@given(st.lists(shapes(), min_size=1, max_size=3))
def test_due_times_come_in_order_within_the_load_and_as_many_as_the_integral(load: list[Shape]) -> None:
    due = list(due_times(load))
    assert due == sorted(due)
    assert all(0 <= at <= total_seconds(load) + 1e-6 for at in due)
    assert len(due) == pytest.approx(offered_between(load, 0, total_seconds(load)), abs=1.01)


@given(st.lists(shapes(), min_size=1, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_as_many_are_due_in_any_span_as_the_shape_says(load: list[Shape], one: float, other: float) -> None:
    start, end = sorted((one * total_seconds(load), other * total_seconds(load)))
    count = sum(start <= at < end for at in due_times(load))
    assert count == pytest.approx(offered_between(load, start, end), abs=2.01)


def test_a_steady_rate_is_evenly_spaced() -> None:
    due = list(due_times([Steady(4, 2)]))
    assert due == pytest.approx([number / 4 for number in range(8)], abs=1e-6)


def test_a_phase_begins_where_the_one_before_it_ends() -> None:
    due = list(due_times([Steady(2, 1), Steady(0, 3), Steady(2, 1)]))
    assert due == pytest.approx([0, 0.5, 4, 4.5], abs=1e-6)


def test_a_ramp_gets_denser() -> None:
    gaps = [after - before for before, after in itertools.pairwise(due_times([Ramp(1, 50, 4)]))]
    assert all(after < before for before, after in itertools.pairwise(gaps))
