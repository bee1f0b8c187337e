"""How much a front end has in hand at the same time: requests, and bytes of bodies and answers that are held whole.

What is too much is answered by 503 with `Retry-After` at once, and health is answered whatever the crowd: memory stays
bounded, and those who watch see a front end that is busy, not one that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpool_services.frontend.failures import problem_response
from twinpool_services.frontend.limits import KIB, Limits
from twinpool_services.frontend.problems import RETRY_AFTER, plain_problem

HEALTH = frozenset({"/livez", "/readyz"})
PIECE_BYTES = 64 * KIB  #: of an answer that are sent before the client has taken those before them

_HELD = "twinpool.held"


class Crowded(HTTPException):
    """There is too much in hand already. Nothing of the request was done."""

    def __init__(self, detail: str) -> None:
        """Say of what there is too much."""
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": f"{RETRY_AFTER:.0f}"})


class _Held:
    """What one request holds of the memory of all."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd, self._bytes = crowd, 0

    def take(self, count: int) -> None:
        self._crowd.take(count)
        self._bytes += count

    def give_back(self) -> None:
        self._crowd.take(-self._bytes)


class Crowd:
    """Stands before an application. Used from the event loop alone."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Let in what the limits allow."""
        self._app, self._limits = app, limits
        self._requests = self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or say that there are too many."""
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self._app(scope, receive, send)
        elif self._requests >= self._limits.requests:
            crowded = Crowded(f"{self._requests} requests are being answered, as many as are allowed at the same time")
            await _refuse(crowded, scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._requests += 1
        held = scope[_HELD] = _Held(self)
        try:
            await self._app(scope, receive, _Answer(held, scope, receive, send).send)
        finally:
            self._requests -= 1
            held.give_back()

    def take(self, count: int) -> None:
        """Count bytes in, or out. Raises `Crowded`."""
        if count > 0 and self._bytes + count > self._limits.memory_bytes:
            raise Crowded(f"{self._bytes} bytes of other requests and answers are being held, as many as are allowed")
        self._bytes += count


class _Answer:
    """Sends an answer in pieces, so that what a slow client does not take goes on being counted."""

    def __init__(self, held: _Held, scope: Scope, receive: Receive, send: Send) -> None:
        self._held, self._scope, self._receive, self._send = held, scope, receive, send
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if any(name == b"content-length" for name, _ in message["headers"]):
                self._start = message  # It goes with the first piece, for until then it can be another.
            else:  # A stream, of which nothing is held.
                await self._send(message)
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            try:
                self._held.take(len(body) if len(body) > PIECE_BYTES else 0)
            except Crowded as crowded:
                await _refuse(crowded, self._scope, self._receive, self._send)
                return
            await self._send(start)
        for at in range(0, len(body) - PIECE_BYTES, PIECE_BYTES):
            await self._send({"type": message["type"], "body": body[at : at + PIECE_BYTES], "more_body": True})
        last = max(0, (len(body) - 1) // PIECE_BYTES) * PIECE_BYTES
        await self._send({"type": message["type"], "body": body[last:], "more_body": more})


def hold(scope: MutableMapping[str, Any], count: int) -> None:
    """Count bytes that a request keeps in memory until it is answered. Raises `Crowded`."""
    held: _Held = scope[_HELD]
    held.take(count)


def hold_as_part_of(scope: Mapping[str, Any], part: MutableMapping[str, Any]) -> None:
    """Count what a request makes this application do besides as its own."""
    part[_HELD] = scope[_HELD]


async def _refuse(crowded: Crowded, scope: Scope, receive: Receive, send: Send) -> None:
    problem = plain_problem(crowded.status_code, crowded.detail)
    await problem_response(problem, {**(crowded.headers or {}), "Connection": "close"})(scope, receive, send)
