"""How large a value is, and its bytes."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Protocol


class Sizes(Protocol):
    """A distribution of sizes in bytes."""

    def draw(self, randomness: random.Random) -> int:
        """Return the next size."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """All are of one size."""

    bytes: int

    def draw(self, randomness: random.Random) -> int:  # noqa: ARG002 - as the protocol has it
        """Return the next size."""
        return self.bytes


@dataclass(frozen=True, slots=True)
class UniformSizes:
    """Each size in a range is as likely as any other."""

    smallest: int
    largest: int

    def draw(self, randomness: random.Random) -> int:
        """Return the next size."""
        return randomness.randint(self.smallest, self.largest)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Half are smaller than the median, and few are very large, as sizes of documents and files are."""

    median: int
    sigma: float  #: of the logarithm
    largest: int  #: what is drawn larger is as large as this

    def draw(self, randomness: random.Random) -> int:
        """Return the next size."""
        return max(1, min(round(randomness.lognormvariate(math.log(self.median), self.sigma)), self.largest))


def value_of(number: int, size: int) -> bytes:
    """Return the bytes of an operation's value: its number, then bytes that do not compress to nothing."""
    head = b"%d " % number
    return (head + random.Random(number).randbytes(max(0, size - len(head))))[:size]  # noqa: S311 - to be repeated


def document_of(number: int, size: int) -> bytes:
    """Return a JSON document of about this size."""
    filling = random.Random(number).randbytes(max(0, size - 40) // 2).hex()  # noqa: S311 - to be repeated
    return b'{"Number":%d,"Filling":"%s"}' % (number, filling.encode())
