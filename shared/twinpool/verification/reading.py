"""What one side has read of a piece of a stream, all of one moment, so that it can be asked about that moment later."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinpool.verification.digests import KeyRange, RangeDigest, parts_of, range_digest
from twinpool.vocabulary.change import RecordKey

WAYS = 20  #: into so many parts a range is parted that differs
LEAF = 64  #: records; a range of no more is compared record by record


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestedRecords:
    """The digests of the records of a range, in the order of their keys."""

    keys: Sequence[RecordKey]
    digests: Sequence[int]

    def without(self, excluded: Iterable[RecordKey]) -> DigestedRecords:
        """Return them without some records."""
        gone = set(excluded)
        if not gone:
            return self
        kept = [(key, digest) for key, digest in zip(self.keys, self.digests, strict=True) if key not in gone]
        return DigestedRecords(keys=[key for key, _ in kept], digests=[digest for _, digest in kept])

    def within(self, wanted: KeyRange) -> DigestedRecords:
        """Return those of a smaller range."""
        first = 0 if wanted.after is None else bisect_right(self.keys, wanted.after)
        end = len(self.keys) if wanted.upto is None else bisect_right(self.keys, wanted.upto)
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
