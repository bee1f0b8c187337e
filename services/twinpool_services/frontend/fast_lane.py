"""Single records go past the framework: its routing, dependencies and middleware cost more than everything else.

The same functions answer as on the routes that FastAPI knows and documents, and errors are answered in the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpool.errors import TwinpoolError
from twinpool.security.roles import Role
from twinpool_services.frontend.access.callers import caller_of
from twinpool_services.frontend.access.requirements import refusal
from twinpool_services.frontend.access.trail import say_in_detail
from twinpool_services.frontend.context import Context, Place, place_of
from twinpool_services.frontend.exact_route import decoded
from twinpool_services.frontend.failures import Failures
from twinpool_services.frontend.routes.records import delete_record, get_record, put_record

log = logging.getLogger(__name__)

Answer = Callable[[Context, Place, str, str, Request], Awaitable[Response]]


async def _put(here: Context, place: Place, owner: str, key: str, request: Request) -> Response:
    return await put_record(here, place, owner, key, request)


async def _get(here: Context, place: Place, owner: str, key: str, _request: Request) -> Response:
    return await get_record(here, place, owner, key)


async def _delete(here: Context, place: Place, owner: str, key: str, _request: Request) -> Response:
    return await delete_record(here, place, owner, key)


_ANSWERS: dict[str, tuple[Answer, Role]] = {
    "PUT": (_put, Role.WRITE_DATA),
    "GET": (_get, Role.READ_DATA),
    "DELETE": (_delete, Role.WRITE_DATA),
}


class FastLane:
    """Answers `/v1/homes/{home}/modules/{module}/records/{owner}/{key}`, and hands on everything else."""

    def __init__(self, app: ASGIApp, context: Context, failures: Failures) -> None:
        """Stand in front of an application."""
        self._app, self._context, self._failures = app, context, failures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] in _ANSWERS:
            match scope["raw_path"].split(b"/", 8):
                case [b"", b"v1", b"homes", home, b"modules", module, b"records", owner, key]:
                    response = await self._answer((home, module, owner, key), Request(scope, receive, send))
                    await response(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _answer(self, segments: tuple[bytes, bytes, bytes, bytes], request: Request) -> Response:
        answer, role = _ANSWERS[request.method]
        try:
            home, module, owner, key = map(decoded, ("home", "module", "owner", "key"), segments)
            caller = caller_of(request.scope)
            if not caller.may(role, home.lower()):
                error = refusal(caller, role, home)
                say_in_detail(request.scope, str(error))
                raise error
            return await answer(self._context, place_of(self._context, home, module), owner, key, request)
        except (TwinpoolError, HTTPException) as error:
            return self._failures.answer(error)
        except Exception as error:  # A bug: the client gets an answer, the log the rest.
            log.exception("a request for a record failed", extra={"event": "request.failed"})
            return self._failures.answer(error)
