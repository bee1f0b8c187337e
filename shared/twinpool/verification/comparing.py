"""Compares one piece of a stream on both sides, and narrows a difference down to single records. Sans I/O.

Invariant: nothing is called a difference but a record that neither side's log says has changed between the two
moments at which the sides have read. The source reads after the replica; what it has logged behind the replica's
position is left out on both sides, and all that remains must be equal.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from twinpool.verification.digests import KeyRange, RangeDigest, parts_of
from twinpool.verification.reading import LEAF, DigestedRecords
from twinpool.vocabulary.change import RecordKey


class Difference(enum.StrEnum):
    """How a record differs at the replica."""

    MISSING = "missing"  #: the source has it, the replica has not
    EXTRA = "extra"  #: the replica has it, the source has not
    DIFFERENT = "different"  #: both have it, with other values


class Found(NamedTuple):
    """One record that differs."""

    key: RecordKey
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be asked of the replica next."""

    within: KeyRange
    excluded: tuple[RecordKey, ...] = ()  #: to be left out from now on
    boundaries: tuple[RecordKey, ...] = ()
    each: bool = False  #: name all records


class Comparing:
    """One piece. `ask` says what to ask; `parts` and `records` take the answer; over when `ask` is None."""

    def __init__(
        self, within: KeyRange, ours: DigestedRecords, touched: Iterable[RecordKey], total: RangeDigest | None
    ) -> None:
        """Begin with what we have read after the replica, and what its piece came to.

        `touched` is what has changed since its position; `total` is None if its piece was another range.
        """
        excluded = tuple(sorted(key for key in set(touched) if within.holds(key)))
        self._ours = ours.without(excluded)
        self._found: list[Found] = []
        self._waiting: deque[Ask] = deque()
        if excluded or total is None:
            self._waiting.append(Ask(within=within, excluded=excluded))
        elif total != self._ours.total():
            self._narrow(within, total)

    @property
    def ask(self) -> Ask | None:
        """What has to be asked now; None once everything is known."""
        return self._waiting[0] if self._waiting else None

    @property
    def found(self) -> Sequence[Found]:
        """The records that differ, in the order of their keys once it is over."""
        return sorted(self._found)

    def parts(self, theirs: Sequence[RangeDigest]) -> None:
        """Take what the parts of the range that was asked about come to."""
        asked = self._waiting.popleft()
        ranges = parts_of(asked.within, asked.boundaries)
        for part, total in zip(ranges, theirs, strict=True):
            if self._ours.within(part).total() != total:
                self._narrow(part, total)

    def records(self, theirs: Iterable[tuple[RecordKey, int]]) -> None:
        """Take the records of the range that was asked about."""
        asked = self._waiting.popleft()
        ours = self._ours.within(asked.within)
        here, there = dict(zip(ours.keys, ours.digests, strict=True)), dict(theirs)
        for key in here.keys() | there.keys():
            if here.get(key) != there.get(key):
                self._found.append(Found(key, _difference(key in here, key in there)))

    def _narrow(self, within: KeyRange, total: RangeDigest) -> None:
        ours = self._ours.within(within)
        boundaries = ours.boundaries()
        if max(len(ours.keys), total.records) <= LEAF or not boundaries:
            self._waiting.append(Ask(within=within, each=True))
        else:
            self._waiting.append(Ask(within=within, boundaries=tuple(boundaries)))


def _difference(here: bool, there: bool) -> Difference:  # noqa: FBT001 - one for each side
    if here and there:
        return Difference.DIFFERENT
    return Difference.MISSING if here else Difference.EXTRA
