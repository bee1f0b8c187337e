"""The payload of a change set: a flat array owner, key, value, owner, key, value and so on.

Invariant: what `decode_changes` returns is made of str, str, bytes or None; whatever else a payload holds is refused.
Both ends run this for each single change, so that all loops over changes are those of C code. No container may
stand inside the array (`max_array_len=0` …), so that nesting cannot multiply what a hostile payload makes the
decoder allocate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from itertools import accumulate, chain, islice, repeat
from typing import Any

import msgpack

from twinpool.errors import InvalidRecord, MalformedMessage
from twinpool.vocabulary.change import Change

#: The largest change set that travels. RabbitMQ 4 takes messages of up to 16 MiB unless told otherwise.
MAX_CHANGE_SET_BYTES = 12 * 1024 * 1024

_READ_BYTES = 64 * 1024  #: what the decoder has before it at a time

_TEXT = {str}
_VALUE = {bytes, type(None)}


def encode_changes(changes: Sequence[Change]) -> bytes:
    """Encode the changes of one transaction.

    Raises `InvalidRecord` for what cannot be written in UTF-8 or is larger than `MAX_CHANGE_SET_BYTES`.
    """
    try:
        payload: bytes = msgpack.packb(list(chain.from_iterable(changes)))
    except ValueError as error:
        raise InvalidRecord(f"the changes cannot be encoded: {error}", field="changes") from error
    if len(payload) > MAX_CHANGE_SET_BYTES:
        what = f"the changes of one transaction take {len(payload)} bytes, {MAX_CHANGE_SET_BYTES} are allowed"
        raise InvalidRecord(what, field="changes")
    return payload


def decode_changes(payload: bytes) -> list[Change]:
    """Decode what `encode_changes` made. Raises `MalformedMessage`."""
    return decode_all((payload,))


def decode_all(payloads: Iterable[bytes]) -> list[Change]:
    """Decode several change sets, in order. Raises `MalformedMessage`."""
    payloads = payloads if isinstance(payloads, Sequence) else list(payloads)
    try:
        flat = _flatten(payloads)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise MalformedMessage(f"a change set cannot be decoded: {error}") from error
    return changes_of(flat)


def changes_of(flat: Sequence[Any]) -> list[Change]:
    """Put owner, key, value, owner, key, value and so on together. Raises `MalformedMessage`."""
    owners, keys, values = flat[0::3], flat[1::3], flat[2::3]
    if not (set(map(type, owners)) <= _TEXT and set(map(type, keys)) <= _TEXT and set(map(type, values)) <= _VALUE):
        raise MalformedMessage("a change set holds something else than owners, keys and values")
    return list(map(tuple.__new__, repeat(Change), zip(owners, keys, values, strict=True)))


@lru_cache(maxsize=65536)
def array_header(change_count: int) -> bytes:
    """Return the bytes that a payload of so many changes begins with."""
    header: bytes = msgpack.Packer().pack_array_header(3 * change_count)
    return header


def _flatten(payloads: Sequence[bytes]) -> list[Any]:
    """Return the items of all payloads, each of which has to be one whole array of a multiple of three items."""
    joined = BytesIO(b"".join(payloads))  # Read in pieces: what is fed as a whole is copied, into twice the room.
    unpacker = msgpack.Unpacker(joined, read_size=_READ_BYTES, max_array_len=0, max_map_len=0, max_ext_len=0)
    flat: list[Any] = []
    held = 0
    for end in accumulate(map(len, payloads)):
        count = unpacker.read_array_header()
        if count % 3:
            raise MalformedMessage(f"a change set holds {count} parts, which is no multiple of three")
        held += count
        flat += islice(unpacker, count)  # Stops without a word where the bytes end.
        if len(flat) != held or unpacker.tell() != end:
            raise MalformedMessage("a change set does not end where its payload ends")
    return flat
