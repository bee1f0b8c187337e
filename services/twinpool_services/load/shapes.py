"""How much load is offered when: pure functions of time.

A shape is a rate (operations a second) at each second since the phase began, and its integral. When the nth operation
is due follows from the integral, so a shape is the same on every machine and in every run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

PRECISION = 1e-7  #: seconds to which due times are found


class Shape(Protocol):
    """The load of one phase."""

    @property
    def seconds(self) -> float:
        """How long the phase lasts."""

    def rate_at(self, at: float) -> float:
        """Return operations a second at a time since the phase began."""

    def count_by(self, at: float) -> float:
        """Return how many operations are due by then: the integral of the rate."""


@dataclass(frozen=True, slots=True)
class Steady:
    """The same rate all the time."""

    rate: float
    seconds: float

    def rate_at(self, at: float) -> float:  # noqa: ARG002 - as the protocol has it
        """Return the rate."""
        return self.rate

    def count_by(self, at: float) -> float:
        """Return the integral."""
        return self.rate * at


@dataclass(frozen=True, slots=True)
class Ramp:
    """A rate that goes in a straight line from one to another."""

    start: float
    end: float
    seconds: float

    def rate_at(self, at: float) -> float:
        """Return the rate."""
        return self.start + (self.end - self.start) * at / self.seconds

    def count_by(self, at: float) -> float:
        """Return the integral."""
        return (self.start + self.rate_at(at)) / 2 * at


@dataclass(frozen=True, slots=True)
class Steps:
    """Rates one after the other, each for the same time."""

    rates: Sequence[float]
    each: float  #: seconds

    @property
    def seconds(self) -> float:
        """How long all last."""
        return self.each * len(self.rates)

    def rate_at(self, at: float) -> float:
        """Return the rate."""
        return self.rates[self._step(at)]

    def count_by(self, at: float) -> float:
        """Return the integral."""
        step = self._step(at)
        return sum(self.rates[:step]) * self.each + self.rates[step] * (at - step * self.each)

    def _step(self, at: float) -> int:
        return min(int(at / self.each), len(self.rates) - 1)


@dataclass(frozen=True, slots=True)
class Burst:
    """A low rate, and at the beginning of each period a high one."""

    base: float
    peak: float
    every: float  #: seconds from the beginning of one burst to that of the next
    length: float  #: seconds of a burst
    seconds: float

    def rate_at(self, at: float) -> float:
        """Return the rate."""
        return self.peak if at % self.every < self.length else self.base

    def count_by(self, at: float) -> float:
        """Return the integral."""
        whole, rest = divmod(at, self.every)
        high = whole * self.length + min(rest, self.length)
        return self.base * at + (self.peak - self.base) * high


@dataclass(frozen=True, slots=True)
class Diurnal:
    """A day in short: from the low in the night to the high at noon and back, as a cosine."""

    low: float
    high: float
    period: float  #: seconds that a day takes
    seconds: float

    def rate_at(self, at: float) -> float:
        """Return the rate."""
        return self._mean - self._swing * math.cos(2 * math.pi * at / self.period)

    def count_by(self, at: float) -> float:
        """Return the integral."""
        turn = 2 * math.pi / self.period
        return self._mean * at - self._swing * math.sin(turn * at) / turn

    @property
    def _mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def _swing(self) -> float:
        return (self.high - self.low) / 2


def due_times(shapes: Sequence[Shape]) -> Iterator[float]:
    """Yield when each operation is due, in seconds since the beginning: when the integral passes a whole number."""
    began, before, number = 0.0, 0.0, 0
    for shape in shapes:
        last = before + shape.count_by(shape.seconds)
        at = 0.0
        while number < last - PRECISION:
            at = _when(shape, number - before, at)
            yield began + at
            number += 1
        began, before = began + shape.seconds, last


def total_seconds(shapes: Sequence[Shape]) -> float:
    """Return how long phases last together."""
    return sum(shape.seconds for shape in shapes)


def offered_between(shapes: Sequence[Shape], start: float, end: float) -> float:
    """Return how many operations are due in a span of time, by the integral."""
    return _offered_by(shapes, end) - _offered_by(shapes, start)


def _offered_by(shapes: Sequence[Shape], at: float) -> float:
    total = 0.0
    for shape in shapes:
        total += shape.count_by(min(max(at, 0.0), shape.seconds))
        at -= shape.seconds
    return total


def _when(shape: Shape, count: float, not_before: float) -> float:
    """Return the earliest time at which so many are due; by bisection, for the integral only grows."""
    low, high = not_before, shape.seconds
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if shape.count_by(middle) >= count else (middle, high)
    return high if shape.count_by(low) < count else low
