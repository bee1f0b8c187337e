"""Many records as one value, which the database takes apart again.

sqlite3 gives up Python's lock for each row that it is handed, and then waits until another thread lets go of it. Beside
a thread that never rests, a row took sixty times as long as by itself. A parcel is one row to sqlite3: while the
database works on it, all other threads do too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, chain

_NUMBER = b"%010d"  # as `records.sql` reads it; the longest value that SQLite takes has 1,000,000,000 bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """Some records, at least one, in the order in which they are to be written."""

    count: int
    parts: bytes  #: owner, key, value, owner, key, value and so on, in UTF-8
    ends: bytes  #: where the first part begins, and where each of them ends


def parcel_of(records: Iterable[tuple[str, str, bytes]]) -> Parcel:
    """Put records together, at least one; all loops are those of C code."""
    owners, keys, values = zip(*records, strict=True)
    parts = list(chain.from_iterable(zip(map(str.encode, owners), map(str.encode, keys), values, strict=True)))
    ends = list(accumulate(map(len, parts), initial=0))
    parts.append(b"\0")  # SQLite takes a part of nothing to be NULL.
    return Parcel(len(values), b"".join(parts), (_NUMBER * len(ends)) % tuple(ends))


__all__ = ["Parcel", "parcel_of"]
