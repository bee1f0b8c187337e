"""Digests of records and of ranges of them, the same number whichever store works them out.

The digest of a record is the first eight bytes of the SHA-256 of owner, NUL, key, NUL, value, as a signed big-endian
number. Neither owner nor key can hold NUL, so no two records are framed alike. The digest of a range is the XOR of
those of its records, beside their count: a record is taken out of it as easily as it was put in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import reduce
from hashlib import sha256
from operator import xor
from typing import NamedTuple

from twinpool.vocabulary.change import RecordKey


class RangeDigest(NamedTuple):
    """What a range of records comes to."""

    records: int
    digest: int  #: 64 bits, signed; 0 for no records


class KeyRange(NamedTuple):
    """The records after one key up to and with another; None has no end on that side."""

    after: RecordKey | None
    upto: RecordKey | None

    def holds(self, key: RecordKey) -> bool:
        """Tell whether a key is in it."""
        return (self.after is None or key > self.after) and (self.upto is None or key <= self.upto)


EVERYTHING = KeyRange(None, None)


def record_digest(owner: str, key: str, value: bytes) -> int:
    """Return the digest of one record."""
    framed = f"{owner}\0{key}\0".encode() + value
    return int.from_bytes(sha256(framed).digest()[:8], "big", signed=True)


def digests_of(beginnings: Sequence[bytes]) -> list[int]:
    """Return the digests of records whose hashes begin with these eight bytes."""
    return list(struct.unpack(f">{len(beginnings)}q", b"".join(beginnings)))


def range_digest(digests: Iterable[int]) -> RangeDigest:
    """Put the digests of records together."""
    listed = digests if isinstance(digests, list) else list(digests)
    return RangeDigest(len(listed), reduce(xor, listed, 0))


def parts_of(within: KeyRange, boundaries: Iterable[RecordKey]) -> list[KeyRange]:
    """Part a range at keys that are in it and in order; each is the last one of its part.

    >>> [part.upto for part in parts_of(KeyRange(None, None), [RecordKey("a", "1")])]
    [RecordKey(owner='a', key='1'), None]
    """
    ends = [*boundaries, within.upto]
    return [KeyRange(after, upto) for after, upto in zip([within.after, *ends], ends, strict=False)]
