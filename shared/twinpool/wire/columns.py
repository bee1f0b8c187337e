"""Change sets in a batch's body: a column for each field, so that ten thousand of them cost no Python loop.

Invariant: what comes out has strictly growing positions, finite times and a change count that its payload agrees with.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise, repeat, starmap

from twinpool.vocabulary.change import ChangeSet
from twinpool.wire.changes import array_header
from twinpool.wire.checks import malformed, raw

#: The columns, little-endian: position (u64), committed_at (f64), change_count (u32), length of payload (u32).
_LAYOUT = ("Q", "d", "I", "I")


def pack_columns(change_sets: Sequence[ChangeSet]) -> list[bytes]:
    """Return the columns, and last the payloads joined."""
    count = len(change_sets)
    positions, instants, counts, payloads = zip(*change_sets, strict=True) if change_sets else ((), (), (), ())
    numbers = (positions, instants, counts, tuple(map(len, payloads)))
    packed = [struct.pack(f"<{count}{code}", *column) for code, column in zip(_LAYOUT, numbers, strict=True)]
    return [*packed, b"".join(payloads)]


def unpack_columns(columns: Sequence[object]) -> tuple[ChangeSet, ...]:
    """Return what `pack_columns` was given. Raises `MalformedMessage`."""
    *numbers, payloads = columns
    positions, instants, counts, lengths = map(_unpack, numbers, _LAYOUT)
    if not len(positions) == len(instants) == len(counts) == len(lengths):
        raise malformed("change_sets", "has columns of different lengths")
    blob = raw(payloads, "payloads")
    if sum(lengths) != len(blob):
        raise malformed("payloads", "is not as long as its parts")
    if not all(map(operator.lt, positions, positions[1:])):
        raise malformed("positions", "does not grow")
    if not all(map(math.isfinite, instants)) or min(instants, default=0) < 0:
        raise malformed("committed_at", "is no point in time")
    ends = pairwise(chain((0,), accumulate(lengths)))
    parts = list(map(blob.__getitem__, starmap(slice, ends)))
    if min(counts, default=1) < 1 or not all(map(bytes.startswith, parts, map(array_header, counts))):
        raise malformed("change_count", "disagrees with a payload")
    return tuple(map(tuple.__new__, repeat(ChangeSet), zip(positions, instants, counts, parts, strict=True)))


def _unpack(column: object, code: str) -> tuple[int, ...]:
    data = raw(column, "change_sets")
    count, rest = divmod(len(data), struct.calcsize(f"<{code}"))
    if rest:
        raise malformed("change_sets", "has a column with half a number")
    return struct.unpack(f"<{count}{code}", data)
