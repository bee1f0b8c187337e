"""Transactions that follow each other in a stream, each as the payload of a change set, read as the bytes come in.

Invariant: never holds more than one transaction of at most the allowed size, and one piece of the stream. As in
`changes`, no container may stand inside the array.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgpack

from twinpool.errors import MalformedMessage, TooLarge
from twinpool.vocabulary.change import Change
from twinpool.wire.changes import changes_of

_SLICE_BYTES = 64 * 1024  #: a piece is taken in slices of this size, whatever its own


class ChangeStream:
    """Takes pieces of any size and yields whole transactions."""

    def __init__(self, *, max_changes: int, max_bytes: int) -> None:
        """Refuse transactions of more changes or bytes."""
        self._max_parts, self._max_bytes = 3 * max_changes, max_bytes
        self._unpacker = msgpack.Unpacker(
            max_buffer_size=max_bytes + _SLICE_BYTES, max_array_len=0, max_map_len=0, max_ext_len=0
        )
        self._parts: list[Any] = []
        self._missing: int | None = None  #: parts of the transaction under way; None between transactions
        self._begun_at = self._fed = 0  #: places in the stream

    def feed(self, piece: bytes) -> Iterator[list[Change]]:
        """Yield the transactions that this piece completes. Raises `MalformedMessage`, `TooLarge`: it is over."""
        view = memoryview(piece)
        for start in range(0, len(view), _SLICE_BYTES):
            yield from self._take(view[start : start + _SLICE_BYTES])

    def finish(self) -> None:
        """Make sure that the stream ended where a transaction ended. Raises `MalformedMessage`."""
        if self._missing is not None or self._unpacker.tell() != self._fed:
            raise MalformedMessage("the stream ends in the middle of a transaction")

    def _take(self, piece: memoryview) -> Iterator[list[Change]]:
        try:
            self._unpacker.feed(piece)
            self._fed += len(piece)
            while self._complete():
                parts, self._parts, self._missing = self._parts, [], None
                self._begun_at = self._unpacker.tell()
                yield changes_of(parts)
        except msgpack.exceptions.BufferFull as error:
            raise self._too_large() from error
        except (ValueError, msgpack.exceptions.UnpackException) as error:
            raise MalformedMessage(f"the stream cannot be decoded: {error}") from error

    def _complete(self) -> bool:
        """Read on; True once the transaction is whole."""
        if self._missing is None:
            try:
                self._missing = self._unpacker.read_array_header()
            except msgpack.exceptions.OutOfData:
                return False
            if self._missing > self._max_parts:
                raise TooLarge(f"a transaction may hold {self._max_parts // 3} changes at most")
        wanted = self._missing - len(self._parts)
        self._parts += islice(self._unpacker, wanted)
        if self._unpacker.tell() - self._begun_at > self._max_bytes:
            raise self._too_large()
        return len(self._parts) == self._missing

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a transaction may take {self._max_bytes} bytes at most")
