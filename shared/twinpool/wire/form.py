"""How one kind of message is written: its headers, and a body that is one msgpack array of fixed length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgpack

from twinpool.errors import MalformedMessage
from twinpool.failover.messages import FailoverMessage
from twinpool.protocol.content import ContentMessage
from twinpool.protocol.messages import StreamMessage
from twinpool.verification.messages import VerificationMessage
from twinpool.wire.headers import Headers, Kind

Message = StreamMessage | ContentMessage | FailoverMessage | VerificationMessage
M = TypeVar("M", bound=Message)

_LONGEST_ARRAY = 16  #: no body has more fields; the many things in a batch or piece are columns or payloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Generic[M]):
    """How one kind of message is written."""

    kind: Kind
    message: type[M]
    headers: Callable[[M], Headers]  #: those that it has beyond the common ones
    header_names: frozenset[str]  #: their names; exactly these have to be there
    optional: frozenset[str] = frozenset()
    fields: Callable[[M], list[Any]]
    field_count: int
    read: Callable[[Headers, Sequence[object]], M]
    bulky: bool = False  #: goes to the module's queue; all else goes to the control queue


def pack(fields: list[Any]) -> bytes:
    """Return a body. Raises `MalformedMessage` for what cannot be sent."""
    try:
        body: bytes = msgpack.packb(fields)
    except (ValueError, OverflowError) as error:
        raise MalformedMessage(f"this message cannot be sent: {error}") from error
    return body


def unpack(body: bytes) -> object:
    """Return what a body holds. Raises `MalformedMessage`."""
    try:
        return msgpack.unpackb(body, max_array_len=_LONGEST_ARRAY, max_map_len=0, max_ext_len=0)
    except (ValueError, msgpack.exceptions.UnpackException) as error:
        raise MalformedMessage(f"the body cannot be decoded: {error}") from error
