"""Answers every request for a page: who looks, may he, and what he gets; and says so when it cannot."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from twinpool.errors import NotFound, TwinpoolError
from twinpool_services.dashboard.access.guard import Guard, Looking, SignInFirst
from twinpool_services.dashboard.acting import Api, ApiRefused
from twinpool_services.dashboard.live.collector import Collector
from twinpool_services.dashboard.live.sections import Wanted
from twinpool_services.dashboard.live.streaming import stream
from twinpool_services.dashboard.pages.page import PREFIX, Page, Visit
from twinpool_services.dashboard.pages.registry import PAGES, SECTIONS
from twinpool_services.dashboard.pages.signing_in import sign_in_address
from twinpool_services.dashboard.rendering import Renderer
from twinpool_services.dashboard.static_files import StaticFiles
from twinpool_services.frontend.access.requirements import may
from twinpool_services.frontend.access.trail import is_to_be_noted, say_in_detail
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.problems import plain_problem, problem_of

log = logging.getLogger(__name__)

MOST_SECTIONS = 8  #: of one page


class Desk:
    """One for each front end. Used from the event loop alone."""

    def __init__(self, here: Context, api: Api) -> None:
        """Read templates and files."""
        self._here, self._api = here, api
        self._guard = Guard(here)
        self._static = StaticFiles()
        self._renderer = Renderer(self._static)
        self._collector = Collector(here, self._renderer)

    async def respond(self, page: Page, request: Request) -> Response:
        """Answer a request for a page."""
        looking = await self._guard.recognise(request)
        response = await self._answer(page, request, looking)
        self._keep_known(request, looking, response)
        return response

    async def file(self, request: Request) -> Response:
        """Answer a request for a style sheet or a script."""
        return self._static.answer(request.path_params["name"])

    async def live(self, request: Request) -> Response:
        """Tell what is new in the sections that a page names, until it is closed."""
        looking = await self._guard.recognise(request)
        try:
            watching = self._collector.watch(await self._wanted(request, looking))
        except (TwinpoolError, SignInFirst) as error:
            return await self._refuse(request, looking, error)

        async def still_may() -> bool:
            return (await self._guard.recognise(request)).caller == looking.caller

        response = StreamingResponse(
            stream(self._collector, watching, still_may), headers={"Content-Type": "text/event-stream"}
        )
        self._keep_known(request, looking, response)
        return response

    async def _answer(self, page: Page, request: Request, looking: Looking) -> Response:
        try:
            if page.takes:
                is_to_be_noted(request.scope, page.takes)
            await self._guard.admit(request, page.role, looking)
            form = await self._guard.read(request, looking) if page.takes else {}
            return await page.answer(await self._visit(request, looking, form))
        except SignInFirst:
            return RedirectResponse(sign_in_address(_address_of(request)), HTTPStatus.SEE_OTHER)
        except Exception as error:  # noqa: BLE001 - each kind has its own page, and a bug is logged there
            return await self._refuse(request, looking, error)

    async def _visit(self, request: Request, looking: Looking, form: dict[str, str]) -> Visit:
        return Visit(
            here=self._here,
            api=self._api,
            guard=self._guard,
            collector=self._collector,
            renderer=self._renderer,
            request=request,
            looking=looking,
            navigation=tuple([page for page in PAGES if page.title and await may(request, page.role)]),
            form=form,
        )

    async def _wanted(self, request: Request, looking: Looking) -> frozenset[Wanted]:
        sees = await self._guard.sees(request)
        wanted: set[Wanted] = set()
        for shown in request.query_params.getlist("show")[:MOST_SECTIONS]:
            name, _, argument = shown.partition(":")
            section = SECTIONS.get(name)
            if section is None:
                raise NotFound(f"there is no section {name!r:.80}")
            await self._guard.admit(request, section.role, looking)
            wanted.add(Wanted(section, argument, sees))
        return frozenset(wanted)

    async def _refuse(self, request: Request, looking: Looking, error: Exception) -> Response:
        """Say on a page what went wrong."""
        match error:
            case ApiRefused():
                problem = error.problem
            case TwinpoolError():
                problem = problem_of(error, self._here.addresses_of)
            case HTTPException():
                problem = plain_problem(error.status_code, str(error.detail))
            case _:  # A bug: whoever looks gets a page that says so, and the log the rest.
                log.error("a page failed", exc_info=error, extra={"event": "request.failed"})
                problem = plain_problem(
                    HTTPStatus.INTERNAL_SERVER_ERROR, "this is a bug; the front end's log says more"
                )
        say_in_detail(request.scope, problem.detail)
        visit = await self._visit(request, looking, {})
        response = visit.page("problem.html.j2", status=problem.status, problem=problem)
        response.headers.update(problem.headers())
        return response

    def _keep_known(self, request: Request, looking: Looking, response: Response) -> None:
        """Prolong a session that is used; and let whoever has none come back as the same, for forms go by that."""
        if request.method != "GET":
            return
        cookies = self._guard.cookies(request)
        if looking.session is None:
            if request.cookies.get(cookies.visit) != looking.number:
                cookies.set(response, cookies.visit, looking.number)
        elif (renewed := self._guard.sessions.renewed(looking.session)) is not None:
            cookies.set(response, cookies.session, self._guard.sessions.seal(renewed), renewed.latest - renewed.since)


def _address_of(request: Request) -> str:
    """Return what to come back to after signing in: of forms, the first page."""
    if request.method != "GET":
        return PREFIX
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path
