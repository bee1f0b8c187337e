"""Counts and traces every request, whatever answers it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpool_services.telemetry import Telemetry
from twinpool_services.telemetry import catalogue as of

_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})
_HEALTH = frozenset({"livez", "readyz"})
_UNTRACED = frozenset({"health", "metrics", "live"})
_OF_STREAMS = frozenset({"records", "transactions", "bulk", "lookup"})


def route_class(path: str) -> str:
    """Say of which class a path is, for labels: few words, whatever clients ask for.

    >>> route_class("/v1/homes/pool1.lab/modules/PresenceFocus/records/alice@lab/contacts/bob")
    'records'
    """
    match path.split("/", 7)[1:]:
        case [name] if name in _HEALTH:
            return "health"
        case ["metrics"]:
            return "metrics"
        case ["dashboard", "live"]:
            return "live"
        case ["dashboard", *_]:
            return "dashboard"
        case ["v1", "homes", _, "modules", _, kind, *_] if kind in _OF_STREAMS:
            return kind
        case ["v1", "homes", _, "conferences", *_]:
            return "files"
        case ["v1", *_]:
            return "management"
        case _:
            return "other"


class WatchedApp:
    """Stands before everything else of a front end."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        """Watch an application."""
        self._app, self._board, self._tracing = app, telemetry.board, telemetry.tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kind = route_class(scope["path"])
        if not self._tracing.is_on or kind in _UNTRACED:
            await self._count(kind, scope, lambda send_on: self._app(scope, receive, send_on), send)
            return
        with self._tracing.serving(f"{scope['method']} {kind}", _traceparent(scope)):
            await self._count(kind, scope, lambda send_on: self._app(scope, receive, send_on), send)

    async def _count(self, kind: str, scope: Scope, answer: Callable[[Send], Awaitable[None]], send: Send) -> None:
        began, status = time.monotonic(), 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await answer(send_on)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            # Without a status the client has gone before it was answered.
            self._board.count(of.HTTP_REQUESTS, kind, method, str(status) if status else "none")
            self._board.observe(of.HTTP_SECONDS, time.monotonic() - began, kind)


def _traceparent(scope: Scope) -> str | None:
    found = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
    return None if found is None else found.decode("latin-1")
