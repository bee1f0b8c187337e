"""What somebody does on a page is done by the API of this very front end, in his name.

So it asks for the same roles, knows the same refusals, and is noted in the audit log by the same words as a command.
The call never leaves the process: a session is no token, and must not become one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from twinpool.errors import TwinpoolError
from twinpool_services.frontend.access.callers import admit, caller_of
from twinpool_services.frontend.access.trail import address_of, is_noted_by_another
from twinpool_services.frontend.crowd import hold_as_part_of
from twinpool_services.frontend.problems import Problem

log = logging.getLogger(__name__)


class ApiRefused(TwinpoolError):
    """The API has refused something, in the words that it has for everybody."""

    def __init__(self, problem: Problem) -> None:
        """Carry the problem."""
        super().__init__(problem.detail)
        self.problem, self.hint = problem, problem.hint


class Api:
    """The API of this front end. Used from the event loop alone."""

    def __init__(self, app: ASGIApp) -> None:
        """Call an application that takes the word of the dashboard for who calls."""
        self._app = app

    async def call(
        self,
        request: Request,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Mapping[str, Any]:
        """Make a call in the name of whoever makes a request for a page. Raises `ApiRefused`."""
        caller = caller_of(request.scope)

        async def in_his_name(scope: Scope, receive: Receive, send: Send) -> None:
            admit(scope, caller)
            hold_as_part_of(request.scope, scope)
            try:
                await self._app(scope, receive, send)
            except Exception as error:
                log.error("a call of a page failed", exc_info=error, extra={"event": "request.failed"})

        url = "/" + "/".join(quote(part, safe="") for part in path)
        transport = httpx.ASGITransport(in_his_name, raise_app_exceptions=False, client=(address_of(request.scope), 0))
        async with httpx.AsyncClient(transport=transport, base_url="http://this.front.end") as calling:
            answer = await calling.request(method, url, params=query, json=body)
        if method != "GET":
            is_noted_by_another(request.scope)
        if not answer.is_success:
            raise ApiRefused(_problem(answer))
        told: Mapping[str, Any] = answer.json()
        return told


def _problem(answer: httpx.Response) -> Problem:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    return Problem(
        status=answer.status_code,
        title=str(told.get("title", HTTPStatus(answer.status_code).phrase)),
        detail=str(told.get("detail", "the front end's log says more")),
        hint=str(told.get("hint", "")),
        field=str(told.get("field", "")),
        serving_pool=told.get("serving_pool"),
        serving_addresses=tuple(told.get("serving_addresses", ())),
    )
