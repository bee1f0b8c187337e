"""Arrays of bytes in PostgreSQL's binary form, put together ahead of the statement that takes them.

psycopg would do the same while the importer's transaction is open, element by element.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BYTEA, _BYTEA_ARRAY = 17, 1001  #: the types' numbers in every PostgreSQL
_HEADER = struct.Struct("!iiiii")  #: dimensions, whether any is NULL, type, length, number of the first


@dataclass(frozen=True, slots=True)
class ByteaArray:
    """A `bytea[]` without NULLs."""

    data: bytes  #: as it goes over the wire

    @classmethod
    def of(cls, items: Sequence[bytes]) -> Self:
        """Make an array."""
        if not items:
            return cls(struct.pack("!iii", 0, 0, _BYTEA))  # one of no items has no dimension
        lengths = struct.pack(f"!{len(items)}i", *map(len, items))
        parts = [b""] * (2 * len(items))
        parts[0::2] = [lengths[at : at + 4] for at in range(0, len(lengths), 4)]
        parts[1::2] = items
        return cls(_HEADER.pack(1, 0, _BYTEA, len(items), 1) + b"".join(parts))


class _ByteaArrayDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    def dump(self, obj: ByteaArray) -> Buffer | None:
        return obj.data


psycopg.adapters.register_dumper(ByteaArray, _ByteaArrayDumper)

__all__ = ["ByteaArray"]
