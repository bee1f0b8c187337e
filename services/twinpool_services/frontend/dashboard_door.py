"""The way to the dashboard, which is not read before somebody goes there: most front ends are never looked at."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpool_services.frontend.access.trail import AuditTrail
from twinpool_services.frontend.context import Context

PREFIX = "/dashboard"


class DashboardDoor:
    """Stands before the gate, for people show who they are by a session and not by a token with each request."""

    def __init__(self, app: ASGIApp, context: Context, trail: AuditTrail) -> None:
        """Hand everything that is not of the dashboard on to an application."""
        self._app, self._context, self._trail = app, context, trail
        self._opening = asyncio.Lock()
        self._dashboard: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            await (await self._opened())(scope, receive, send)
        elif path == "/" and _asks_for_a_page(scope):
            await RedirectResponse(PREFIX, HTTPStatus.SEE_OTHER)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _opened(self) -> ASGIApp:
        async with self._opening:
            if self._dashboard is None:
                # In a thread: reading it takes long enough for other requests to notice.
                self._dashboard = await self._context.in_thread(_create, self._context, self._trail, self._app)
            return self._dashboard


def _create(context: Context, trail: AuditTrail, api: ASGIApp) -> ASGIApp:
    from twinpool_services.dashboard import create_dashboard

    return create_dashboard(context, trail, api)


def _asks_for_a_page(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and b"text/html" in accepted
