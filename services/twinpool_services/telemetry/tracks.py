"""Rings of numbers, one a second for an hour and a little more: what is remembered without anybody who scrapes.

A ring takes a fixed room from the first number on: 4 bytes for each second and column, 8 for positions. A route takes
0.26 MB, a stream 0.17 MB, so a front end of a pair remembers about 1 MB, whatever happens.
"""

from __future__ import annotations

import enum
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SECONDS = 3_900  #: that are remembered
NOTHING = math.nan  #: where nothing is known of a second


class Merging(enum.Enum):
    """What becomes of the numbers of several seconds where they are shown as one."""

    RATE = enum.auto()  #: their mean: what happened in each second
    HIGHEST = enum.auto()
    LAST = enum.auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One kind of number."""

    name: str
    merging: Merging
    exact: bool = False  #: positions, which are too large for 4 bytes


#: Of a route: what is counted while this front end is the active one, then what the store says.
ROUTE_COLUMNS = (
    Column("SentChanges", Merging.RATE),
    Column("SentBatches", Merging.RATE),
    Column("SentBytes", Merging.RATE),
    Column("LargestBatch", Merging.HIGHEST),
    Column("Sessions", Merging.RATE),
    Column("Refusals", Merging.RATE),
    Column("InFlight", Merging.HIGHEST),
    Column("Window", Merging.LAST),
    Column("State", Merging.HIGHEST),
    Column("PendingChanges", Merging.HIGHEST),
    Column("PendingSeconds", Merging.HIGHEST),
    Column("ProofSeconds", Merging.HIGHEST),
    Column("HeadPosition", Merging.LAST, exact=True),
    Column("AcknowledgedPosition", Merging.LAST, exact=True),
)
STREAM_COLUMNS = (
    Column("ImportedChanges", Merging.RATE),
    Column("ImportedBatches", Merging.RATE),
    Column("LagP50", Merging.HIGHEST),
    Column("LagP95", Merging.HIGHEST),
    Column("LagP99", Merging.HIGHEST),
    Column("BatchSeconds", Merging.HIGHEST),
    Column("Failures", Merging.RATE),
    Column("State", Merging.HIGHEST),
    Column("CursorPosition", Merging.LAST, exact=True),
)


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds, of which always so many are shown as one."""

    begins: int  #: in seconds since 1970
    ends: int  #: not included
    step: int

    def steps(self) -> range:
        """Return the seconds at which the steps begin."""
        return range(self.begins, self.ends, self.step)


@dataclass(slots=True)
class Track:
    """The rings of one subject. Not safe to use from several threads."""

    columns: Sequence[Column]
    newest: int = 0  #: the second that was written last; 0 before any
    _rings: dict[str, array[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take all the room that it will ever need."""
        for column in self.columns:
            self._rings[column.name] = array("d" if column.exact else "f", [NOTHING]) * SECONDS

    def write(self, second: int, numbers: Mapping[str, float]) -> None:
        """Write what is known of a second; those that were left out, and what is not named, are unknown."""
        if second <= self.newest:
            return  # A clock that was put back: what was written stays.
        skipped = range(max(self.newest + 1, second - SECONDS + 1), second)
        for name, ring in self._rings.items():
            for left_out in skipped if self.newest else ():
                ring[left_out % SECONDS] = NOTHING
            ring[second % SECONDS] = numbers.get(name, NOTHING)
        self.newest = second

    def read(self, wanted: Range) -> dict[str, list[float | None]]:
        """Return a number for each step and column, None where nothing is known."""
        return {column.name: self._read(column, wanted) for column in self.columns}

    def _read(self, column: Column, wanted: Range) -> list[float | None]:
        seconds = self._between(column, wanted.begins, wanted.ends)
        if wanted.step == 1:
            return [None if number != number else number for number in seconds]  # noqa: PLR0124 - NaN alone does so
        steps = range(0, len(seconds), wanted.step)
        return [merged(column.merging, seconds[at : at + wanted.step]) for at in steps]

    def _between(self, column: Column, begins: int, ends: int) -> list[float]:
        """Return a number for each second; those that the ring does not hold are not known."""
        ring, oldest = self._rings[column.name], self.newest - SECONDS + 1
        first, last = min(max(begins, oldest), ends), max(min(ends, self.newest + 1), begins)
        if first >= last:
            return [NOTHING] * (ends - begins)
        at, behind = first % SECONDS, (last - 1) % SECONDS + 1
        held = ring[at:behind] if at < behind else ring[at:] + ring[:behind]
        return [NOTHING] * (first - begins) + held.tolist() + [NOTHING] * (ends - last)


def merged(merging: Merging, numbers: Iterable[float]) -> float | None:
    """Show several numbers as one; None if none of them is known.

    >>> merged(Merging.RATE, [1.0, NOTHING, 3.0]), merged(Merging.LAST, [1.0, 3.0, NOTHING])
    (2.0, 3.0)
    """
    known = [number for number in numbers if number == number]  # noqa: PLR0124 - NaN alone does not
    if not known:
        return None
    match merging:
        case Merging.RATE:
            return sum(known) / len(known)
        case Merging.HIGHEST:
            return max(known)
        case Merging.LAST:
            return known[-1]


def percentile(sorted_numbers: Sequence[float], share: float) -> float:
    """Return the number that so large a share of the others does not exceed; of at least one, in order.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    return sorted_numbers[max(0, math.ceil(share * len(sorted_numbers)) - 1)]
