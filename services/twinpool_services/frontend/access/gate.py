"""The gate of a front end: nobody passes unknown, but for what is open to all."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from twinpool.errors import TwinpoolError
from twinpool_services.frontend.access.callers import STRANGER, admit
from twinpool_services.frontend.access.doorkeeper import Doorkeeper
from twinpool_services.frontend.failures import Failures


class Gate:
    """Stands before the whole application, the fast lane included: what has no route is behind it as well."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper, open_paths: Iterable[str], failures: Failures) -> None:
        """Guard an application, but for these paths."""
        self._app, self._doorkeeper, self._failures = app, doorkeeper, failures
        self._open = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or answer why not."""
        if scope["type"] != "http":
            return  # There is nothing here but HTTP.
        if scope["path"] in self._open:
            admit(scope, STRANGER)
        else:
            caller = self._doorkeeper.recognise(scope["headers"])
            try:
                admit(scope, caller or await self._doorkeeper.identify(scope["headers"]))
            except TwinpoolError as error:
                await self._failures.answer(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
