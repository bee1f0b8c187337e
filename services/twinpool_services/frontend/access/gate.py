"""The gate of a front end: nobody passes unknown, but for what is open to all; and what is done is noted."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpool.errors import TwinpoolError
from twinpool_services.frontend.access.callers import STRANGER, admit, is_admitted
from twinpool_services.frontend.access.doorkeeper import Doorkeeper
from twinpool_services.frontend.access.trail import AuditTrail, address_of, say_in_detail
from twinpool_services.frontend.bodies import drain
from twinpool_services.frontend.failures import Failures


class Gate:
    """Stands before the whole application, the fast lane included: what has no route is behind it as well."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper, trail: AuditTrail, failures: Failures) -> None:
        """Guard an application."""
        self._app, self._doorkeeper, self._trail, self._failures = app, doorkeeper, trail, failures
        self._open: frozenset[str] = frozenset()

    def open_for_all(self, paths: Iterable[str]) -> None:
        """Ask nobody who comes to one of these paths."""
        self._open = self._open | frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer why not."""
        if scope["type"] != "http":
            return  # There is nothing here but HTTP.

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._trail.follow(scope, message["status"])
            await send(message)

        if scope["path"] in self._open:
            admit(scope, STRANGER)
        elif not is_admitted(scope):
            caller = self._doorkeeper.recognise(scope["headers"])
            try:
                admit(scope, caller or await self._doorkeeper.identify(scope["headers"], address_of(scope)))
            except TwinpoolError as error:
                await self._refuse(error, scope, receive, send_noted)
                return
        await self._app(scope, receive, send_noted)

    async def _refuse(self, error: TwinpoolError, scope: Scope, receive: Receive, send: Send) -> None:
        say_in_detail(scope, str(error))
        request = Request(scope, receive)
        if "100-continue" not in request.headers.get("expect", "").lower():
            await drain(request)  # So that a client that is still sending gets to read the answer.
        await self._failures.answer(error)(scope, receive, send)
