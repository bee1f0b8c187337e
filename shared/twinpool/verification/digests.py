"""Digests of records and of ranges of them, the same number at both sides that compare.

The digest of a record is made of owner, NUL, key, NUL, value; neither owner nor key can hold NUL, so no two records are
framed alike. By the method that every store knows it is the first eight bytes of their SHA-256, as a signed big-endian
number. Two stores of one kind may know a cheaper one. The digest of a range is the XOR of those of its records, beside
their count: a record is taken out of it as easily as it was put in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import reduce
from hashlib import sha256
from operator import xor
from typing import NamedTuple, NewType

from twinpool.vocabulary.change import RecordKey

#: Names how digests are made. Methods of one name make the same number of the same record, wherever that is.
DigestMethod = NewType("DigestMethod", str)

SHA_256 = DigestMethod("sha-256")  #: every store knows it


class RangeDigest(NamedTuple):
    """What a range of records comes to."""

    records: int
    digest: int  #: 64 bits, signed; 0 for no records


class KeyRange(NamedTuple):
    """The records after one key up to and with another; None has no end on that side."""

    after: RecordKey | None
    upto: RecordKey | None

    def holds(self, key: tuple[str, str]) -> bool:
        """Tell whether a key is in it."""
        return (self.after is None or key > self.after) and (self.upto is None or key <= self.upto)


EVERYTHING = KeyRange(None, None)


def common_method(offered: Sequence[DigestMethod], known: Sequence[DigestMethod]) -> DigestMethod:
    """Choose how two stores make digests: the first of what one offers that the other knows.

    >>> common_method([DigestMethod("quick"), SHA_256], [SHA_256])
    'sha-256'
    """
    return next((method for method in offered if method in known), SHA_256)


def record_digest(owner: str, key: str, value: bytes) -> int:
    """Return the digest of one record by SHA-256."""
    framed = f"{owner}\0{key}\0".encode() + value
    return int.from_bytes(sha256(framed).digest()[:8], "big", signed=True)


def digests_of(joined: bytes) -> list[int]:
    """Return the digests of records, eight bytes of each."""
    return list(struct.unpack(f">{len(joined) // 8}q", joined))


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
