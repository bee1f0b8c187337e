"""How things look on the wire and in the log; the only module that knows msgpack and zstandard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgpack

from twinpool.errors import MalformedMessage
from twinpool.vocabulary.change import Change


def encode_changes(changes: Sequence[Change]) -> bytes:
    """Encode the changes of one transaction: a flat list owner, key, value, owner, key, value and so on."""
    flat: list[str | bytes | None] = []
    for change in changes:
        flat += change
    return msgpack.packb(flat)


def decode_changes(payload: bytes) -> list[Change]:
    """Decode what `encode_changes` made. Raises `MalformedMessage`."""
    try:
        flat = msgpack.unpackb(payload)
        if len(flat) % 3:
            raise MalformedMessage(f"a change set holds {len(flat)} parts, which is no multiple of three")
        parts = iter(flat)
        return [Change(owner, key, value) for owner, key, value in zip(parts, parts, parts, strict=True)]
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise MalformedMessage(f"a change set cannot be decoded: {error}") from error


def decode_all(payloads: Iterable[bytes]) -> list[Change]:
    """Decode several change sets, in order."""
    return [change for payload in payloads for change in decode_changes(payload)]
