"""Which record an operation is about: each as likely as the others, one after the other, or some far more often."""

from __future__ import annotations

import random
from bisect import bisect_left
from itertools import accumulate
from typing import Protocol


class Chooser(Protocol):
    """Chooses one of so many items, by number from 0."""

    def choose(self, randomness: random.Random) -> int:
        """Return the next one."""


class Uniform:
    """Each is as likely as any other."""

    def __init__(self, items: int) -> None:
        self._items = items

    def choose(self, randomness: random.Random) -> int:
        """Return the next one."""
        return randomness.randrange(self._items)


class Sequential:
    """One after the other, and from the first again."""

    def __init__(self, items: int) -> None:
        self._items, self._next = items, 0

    def choose(self, randomness: random.Random) -> int:  # noqa: ARG002 - as the protocol has it
        """Return the next one."""
        chosen = self._next
        self._next = (chosen + 1) % self._items
        return chosen


class Zipf:
    """The item of rank r is chosen in proportion to 1/r to an exponent: few hot ones, and a long tail."""

    def __init__(self, items: int, exponent: float) -> None:
        self._up_to: list[float] = list(accumulate(float(rank**-exponent) for rank in range(1, items + 1)))

    def choose(self, randomness: random.Random) -> int:
        """Return the next one."""
        return bisect_left(self._up_to, randomness.random() * self._up_to[-1])

    def share_of_first(self, count: int) -> float:
        """Return which share of all choices falls on the hottest so many."""
        return self._up_to[min(count, len(self._up_to)) - 1] / self._up_to[-1]
