"""What one side has read of a piece of a stream, all of one moment, so that it can be asked about that moment later."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Generic, Protocol, TypeVar, overload

from twinpool.verification.digests import KeyRange, RangeDigest, parts_of, range_digest
from twinpool.vocabulary.change import RecordKey

WAYS = 20  #: into so many parts a range is parted that differs
LEAF = 64  #: records; a range of no more is compared record by record


class Ordered(Protocol):
    """What is ordered as the keys are that it stands for."""

    def __lt__(self, other: Any, /) -> bool: ...


Place = TypeVar("Place", bound=Ordered)


class Keys(Sequence[RecordKey], Generic[Place]):
    """Keys in their order, as a store has them. Most are never looked at, so each is read when it is.

    A key is looked for among the places themselves: to read those that are compared on the way would take ten times
    as long.
    """

    __slots__ = ("_place_of", "_places", "_read")

    def __init__(
        self, places: list[Place], read: Callable[[Place], RecordKey], place_of: Callable[[RecordKey], Place]
    ) -> None:
        """Hold places, each of which `read` makes a key of, and `place_of` of a key a place."""
        self._places, self._read, self._place_of = places, read, place_of

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> RecordKey: ...
    @overload
    def __getitem__(self, at: slice) -> Keys[Place]: ...
    def __getitem__(self, at: int | slice) -> RecordKey | Keys[Place]:
        """Read one, or hold some."""
        return self._holding(self._places[at]) if isinstance(at, slice) else self._read(self._places[at])

    def chosen(self, selectors: Iterable[int]) -> Keys[Place]:
        """Hold those for which the selector is not 0."""
        return self._holding(list(compress(self._places, selectors)))

    def find(self, key: RecordKey) -> int | None:
        """Return where a key is; None if it is not there."""
        place = self._place_of(key)
        at = bisect_left(self._places, place)
        return at if at < len(self._places) and self._places[at] == place else None

    def behind(self, key: RecordKey) -> int:
        """Return where the first one is that comes after a key."""
        return bisect_right(self._places, self._place_of(key))

    def _holding(self, places: list[Place]) -> Keys[Place]:
        return Keys(places, self._read, self._place_of)


def keys_of_records(keys: list[RecordKey]) -> Keys[RecordKey]:
    """Hold keys that have been read already."""
    return Keys(keys, lambda key: key, lambda key: key)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestedRecords:
    """The digests of the records of a range, in the order of their keys."""

    keys: Keys[bytes] | Keys[RecordKey]
    digests: Sequence[int]

    def without(self, excluded: Iterable[RecordKey]) -> DigestedRecords:
        """Return them without some records."""
        kept = bytearray(b"\1") * len(self.keys)
        for key in excluded:
            if (at := self.keys.find(key)) is not None:
                kept[at] = 0
        if all(kept):
            return self
        return DigestedRecords(keys=self.keys.chosen(kept), digests=list(compress(self.digests, kept)))

    def within(self, wanted: KeyRange) -> DigestedRecords:
        """Return those of a smaller range."""
        first = 0 if wanted.after is None else self.keys.behind(wanted.after)
        end = len(self.keys) if wanted.upto is None else self.keys.behind(wanted.upto)
        return DigestedRecords(keys=self.keys[first:end], digests=self.digests[first:end])

    def total(self) -> RangeDigest:
        """Return what all of them come to."""
        return range_digest(self.digests)

    def parts(self, within: KeyRange, boundaries: Iterable[RecordKey]) -> list[RangeDigest]:
        """Return what each part of a range comes to."""
        return [self.within(part).total() for part in parts_of(within, boundaries)]

    def boundaries(self) -> list[RecordKey]:
        """Choose where to part these into about `WAYS` parts, none of them much smaller than `LEAF`."""
        size = max(LEAF, -(-len(self.keys) // WAYS))
        return list(self.keys[size - 1 : len(self.keys) - 1 : size])
