"""Reading request bodies: bounded while they come in, and never waiting longer than agreed for a slow client.

Nothing here holds a thread; a client that trickles costs one task until `idle` seconds pass without a byte.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import ValidationError
from starlette.types import Message

from twinpool.errors import InvalidParameter
from twinpool_services.frontend.access.trail import say_in_detail
from twinpool_services.frontend.crowd import hold
from twinpool_services.frontend.documents import Document

D = TypeVar("D", bound=Document)

_OBJECT_BYTES = 64 * 1024
_DRAIN_BYTES = 16 * 1024 * 1024
_DRAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """How much of a body is taken, and how slowly."""

    bytes: int  #: more is answered by 413
    idle: float  #: seconds without a byte, after which the answer is 408


async def read_body(request: Request, limits: BodyLimits) -> bytes:
    """Return a whole body of bounded size. Raises `HTTPException` 413, 408, 400 (client went away) or 503 (crowded)."""
    pieces: list[bytes] = []
    async for piece in body_pieces(request, limits):
        hold(request.scope, len(piece))
        pieces.append(piece)
    return b"".join(pieces)


async def body_pieces(request: Request, limits: BodyLimits) -> AsyncIterator[bytes]:
    """Yield a body as it comes in. Raises as `read_body` does, before more than the limit was yielded."""
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > limits.bytes:
        await _refuse_as_too_large(request, limits)
    seen = 0
    more = True
    while more:
        message = await _receive(request, limits.idle)
        if message["type"] == "http.disconnect":
            raise HTTPException(HTTPStatus.BAD_REQUEST, "the client went away before the body was complete")
        piece = message.get("body", b"")
        more = message.get("more_body", False)
        seen += len(piece)
        if seen > limits.bytes:
            await _refuse_as_too_large(request, limits)
        if piece:
            yield piece


async def read_object(request: Request, idle: float) -> dict[str, Any]:
    """Return a small body that is a JSON object. Raises as `read_body` does, and `InvalidParameter`."""
    body = await read_body(request, BodyLimits(bytes=_OBJECT_BYTES, idle=idle))
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidParameter("the body has to be a JSON object")
    say_in_detail(request.scope, found)
    return found


async def drain(request: Request) -> None:
    """Take the rest of a body that is refused, within bounds, so that the client gets to read the answer."""
    enough = time.monotonic() + _DRAIN_SECONDS
    seen = 0
    while seen < _DRAIN_BYTES and (left := enough - time.monotonic()) > 0:
        try:
            message = await _receive(request, left)
        except HTTPException:
            return  # It came too slowly; the connection will be cut.
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        seen += len(message.get("body", b""))


async def _receive(request: Request, seconds: float) -> Message:
    """Wait for the next piece. A timeout object costs less than `wait_for`, which makes a task."""
    try:
        async with asyncio.timeout(seconds):
            return await request.receive()
    except TimeoutError:
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, f"no byte of the body came for {seconds:g} s") from None


async def _refuse_as_too_large(request: Request, limits: BodyLimits) -> None:
    if "100-continue" not in request.headers.get("expect", "").lower():
        await drain(request)  # A client that asked first is told before it sends anything.
    raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limits.bytes} bytes")


def validated(kind: type[D], given: dict[str, Any]) -> D:
    """Return what was given as a document. Raises `InvalidParameter` that names the first field that is wrong."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidParameter(f"{field}: {first['msg']}", field=field) from error
