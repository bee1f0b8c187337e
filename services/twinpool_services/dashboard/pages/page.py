"""What a page is, and what it gets to answer with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from twinpool.security.roles import Role
from twinpool_services.dashboard.access.cookies import THEME
from twinpool_services.dashboard.access.guard import Guard, Looking
from twinpool_services.dashboard.acting import Api
from twinpool_services.dashboard.live.collector import Collector
from twinpool_services.dashboard.live.sections import Wanted
from twinpool_services.dashboard.rendering import Renderer
from twinpool_services.frontend.access.requirements import may
from twinpool_services.frontend.context import Context

PREFIX = "/dashboard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request for a page, by somebody who may make it."""

    here: Context
    api: Api  #: does what a page is there for, in the name of whoever looks
    guard: Guard
    collector: Collector
    renderer: Renderer
    request: Request
    looking: Looking
    navigation: tuple[Page, ...]  #: pages that whoever looks may see, in order
    form: Mapping[str, str] = field(default_factory=dict)  #: what was sent, where the page takes a POST; checked

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the path that the page's pattern names."""
        found: Mapping[str, str] = self.request.path_params
        return found

    @property
    def query(self) -> Mapping[str, str]:
        """What stands behind the question mark."""
        return self.request.query_params

    @property
    def theme(self) -> str:
        """`light` or `dark`, if the browser was told to; else it goes by the system's."""
        found = self.request.cookies.get(THEME, "")
        return found if found in {"light", "dark"} else ""

    def stands_at(self, page: Page) -> bool:
        """Whether this is the page, or one below it."""
        here = self.request.url.path
        return here == page.address or (page.path != "" and here.startswith(f"{page.address}/"))

    async def section(self, name: str, argument: str = "") -> Markup:
        """Return a section as it is now. Raises `NotAuthorised`, `StoreUnavailable`."""
        from twinpool_services.dashboard.pages.registry import SECTIONS

        section = SECTIONS[name]
        await self.guard.admit(self.request, section.role, self.looking)
        scene = await self.collector.scene()
        wanted = Wanted(section, argument, await self.guard.sees(self.request))
        rendered = await self.here.in_thread(self.collector.rendered, wanted, scene)
        return Markup(rendered)  # noqa: S704 - it was rendered by a template

    async def ask(self, path: Sequence[str], query: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return what the API of this front end tells whoever looks. Raises `ApiRefused`."""
        return await self.api.call(self.request, "GET", path, query=query)

    async def do(self, method: str, path: Sequence[str], body: Mapping[str, object]) -> Mapping[str, Any]:
        """Have the API of this front end do something in the name of whoever looks. Raises `ApiRefused`."""
        return await self.api.call(self.request, method, path, body=body)

    async def may(self, role: Role, home: str | None = None) -> bool:
        """Say whether whoever looks has a role; for what is left out of a page or shown in it."""
        return await may(self.request, role, home)

    def page(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render a template, which extends `frame.html.j2`, with these values beside those of the frame."""
        text = self.renderer.page(template, {"visit": self, "form_token": self.form_token, **values})
        return HTMLResponse(text, status_code=status)

    def go(self, path: str) -> Response:
        """Send the browser to another page, as the answer to a form that was taken."""
        return RedirectResponse(PREFIX + path, status_code=303)

    @property
    def form_token(self) -> str:
        """What every form has to bring back; the macro `form_token` of `forms.html.j2` puts it in."""
        return self.guard.sessions.form_token(self.looking.number)


Answer = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, or what takes the form of one."""

    path: str  #: behind /dashboard, as Starlette writes patterns
    role: Role  #: what it asks of whoever looks
    answer: Answer
    title: str = ""  #: its word in the navigation; empty for a page that is not there
    takes: str = ""  #: the word that the audit log has for a POST; empty if the page takes none

    @property
    def method(self) -> str:
        """How it is asked for."""
        return "POST" if self.takes else "GET"

    @property
    def address(self) -> str:
        """Where it is."""
        return PREFIX + self.path
