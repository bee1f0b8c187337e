"""The application below /dashboard: its routes, the headers of every answer, and the audit log."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpool.security.roles import Role
from twinpool_services.dashboard.acting import Api
from twinpool_services.dashboard.desk import Desk
from twinpool_services.dashboard.pages.page import PREFIX, Page
from twinpool_services.dashboard.pages.registry import PAGES
from twinpool_services.dashboard.pages.signing_in import nothing_here
from twinpool_services.frontend.access.trail import AuditTrail
from twinpool_services.frontend.context import Context

#: Nothing is loaded but from this front end, nothing that runs stands in a page, and nobody puts a page into his own.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: then browsers call even our own forms' origin `null`, as they do that of another site's.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_NOWHERE = Page(path="/{path:path}", role=Role.CALLER, answer=nothing_here)


def create_dashboard(here: Context, trail: AuditTrail, api: ASGIApp) -> ASGIApp:
    """Build the application; what is refused, and what is done, is noted in a trail. What is done, the API does."""
    desk = Desk(here, Api(api))
    routes = [
        Route(f"{PREFIX}/static/{{name}}", desk.file, methods=["GET"]),
        Route(f"{PREFIX}/live", desk.live, methods=["GET"]),
        *(Route(page.address, partial(desk.respond, page), methods=[page.method]) for page in PAGES),
        Route("/{path:path}", partial(desk.respond, _NOWHERE), methods=["GET"]),
    ]
    app = Starlette(routes=routes)
    app.state.context = here
    return _Outermost(app, trail)


class _Outermost:
    """Puts the headers on every answer, and notes it in the audit log before it is sent."""

    def __init__(self, app: ASGIApp, trail: AuditTrail) -> None:
        self._app, self._trail = app, trail
        self._headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._trail.follow(scope, message["status"])
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in self._headers if each[0] not in given)]
            await send(message)

        await self._app(scope, receive, send_on)
