"""The chance that a schedule is made of.

Faults are drawn from a stream of their own and counted, so that a schedule can be replayed with some of its faults
spared: that is how a failing one is shrunk. Each seed has its own mix of faults (some kinds not at all, some often),
which finds more than the same mix for all.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

WEATHERS = (0.25, 0.5, 1.0, 1.5)  #: how much likelier than usual faults are in one schedule
MOODS = (0.0, 0.5, 1.0, 1.0, 3.0)  #: how much likelier than usual a kind of fault is in one schedule


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that happened."""

    index: int  #: which of the schedule's decisions it was
    kind: str


class Dice:
    """Everything that is left to chance in one schedule."""

    def __init__(self, seed: int, spared: frozenset[int] = frozenset()) -> None:
        """Faults whose decision is among `spared` do not happen."""
        self.calm = False  #: no fault happens any more
        self.strikes: list[Strike] = []
        self._course, self._fate = _stream("course", seed), _stream("fate", seed)
        self._seed, self._spared = seed, spared
        self._decisions = 0
        self._moods: dict[str, float] = {}
        self._weather = _stream("weather", seed).choice(WEATHERS)

    def strikes_now(self, kind: str, probability: float) -> bool:
        """Decide whether a fault happens here."""
        if self.calm:
            return False
        self._decisions += 1
        hit = self._fate.random() < probability * self._mood(kind)
        if not hit or self._decisions in self._spared:
            return False
        self.strikes.append(Strike(self._decisions, kind))
        return True

    def chance(self, probability: float) -> bool:
        """Decide something that is no fault."""
        return self._course.random() < probability

    def number(self, low: int, high: int) -> int:
        """Draw a number, both ends included."""
        return low + int(self._course.random() * (high - low + 1))

    def span(self, low: float, high: float) -> float:
        """Draw a span of time."""
        return low + self._course.random() * (high - low)

    def one_of(self, things: Sequence[T]) -> T:
        """Draw one of several."""
        return things[self.number(0, len(things) - 1)]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Put things into any order."""
        shuffled = list(things)
        self._course.shuffle(shuffled)
        return shuffled

    def _mood(self, kind: str) -> float:
        if kind not in self._moods:
            self._moods[kind] = self._weather * _stream(f"mood {kind}", self._seed).choice(MOODS)
        return self._moods[kind]


def _stream(name: str, seed: int) -> random.Random:
    return random.Random(f"{name} {seed}")  # noqa: S311 - it has to be repeatable, not unpredictable
