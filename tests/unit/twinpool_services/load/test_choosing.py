"""Which record is written: hot ones as often as their rank says."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool_services.load.choosing import Sequential, Uniform, Zipf
from twinpool_services.load.values import Fixed, Lognormal, UniformSizes, document_of, value_of


@given(st.integers(1, 500), st.floats(0.1, 3), st.integers())
def test_zipf_chooses_items_that_there_are(items: int, exponent: float, seed: int) -> None:
    chooser, randomness = Zipf(items, exponent), random.Random(seed)
    assert all(0 <= chooser.choose(randomness) < items for _ in range(20))


@given(st.integers(2, 500), st.floats(0.1, 3))
def test_of_zipf_a_hotter_item_has_the_larger_share_and_all_together_everything(items: int, exponent: float) -> None:
    chooser = Zipf(items, exponent)
    up_to = [chooser.share_of_first(count) for count in range(items + 1)][1:]
    shares = [up_to[0], *(after - before for before, after in itertools.pairwise(up_to))]
    assert all(after <= before + 1e-12 for before, after in itertools.pairwise(shares))
    assert up_to[-1] == pytest.approx(1)


def test_zipf_is_as_hot_as_its_exponent_says() -> None:
    chooser, randomness = Zipf(1_000, 1.0), random.Random(7)
    counts = Counter(chooser.choose(randomness) for _ in range(20_000))
    assert counts[0] / 20_000 == pytest.approx(chooser.share_of_first(1), rel=0.1)
    assert counts[0] / counts[1] == pytest.approx(2, rel=0.15)


def test_sequential_comes_around_and_uniform_reaches_all() -> None:
    randomness = random.Random(1)
    chooser = Sequential(3)
    assert [chooser.choose(randomness) for _ in range(5)] == [0, 1, 2, 0, 1]
    uniform = Uniform(5)
    assert {uniform.choose(randomness) for _ in range(200)} == set(range(5))


@given(st.integers(1, 10_000), st.floats(0.1, 4), st.integers(1, 100_000), st.integers())
def test_lognormal_sizes_stay_within_their_bounds(median: int, sigma: float, largest: int, seed: int) -> None:
    sizes, randomness = Lognormal(median, sigma, largest), random.Random(seed)
    assert all(1 <= sizes.draw(randomness) <= largest for _ in range(20))


def test_half_of_lognormal_sizes_are_below_the_median() -> None:
    sizes, randomness = Lognormal(1_000, 1.0, 1_000_000), random.Random(3)
    assert sum(sizes.draw(randomness) < 1_000 for _ in range(4_000)) / 4_000 == pytest.approx(0.5, abs=0.03)


@given(st.integers(0, 10**9), st.integers(1, 5_000))
def test_values_have_their_size_and_are_the_same_again(number: int, size: int) -> None:
    assert len(value_of(number, size)) == size
    assert value_of(number, size) == value_of(number, size)
    assert document_of(number, size).startswith(b'{"Number":%d' % number)


def test_fixed_and_uniform_sizes() -> None:
    randomness = random.Random(1)
    assert Fixed(9).draw(randomness) == 9
    assert {UniformSizes(2, 4).draw(randomness) for _ in range(100)} == {2, 3, 4}
