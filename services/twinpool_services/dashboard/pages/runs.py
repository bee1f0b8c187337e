"""Chaos and load runs: those in progress, and the reports of those that have ended."""

from __future__ import annotations

import time

from starlette.responses import Response

from twinpool.errors import NotFound
from twinpool.security.roles import Role
from twinpool_services.dashboard.live.runs import VARIABLE, directories, list_runs, read_report
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit

#: A report is a file that somebody has written: it may have its styles, and can do nothing at all.
REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"


async def show(visit: Visit) -> Response:
    """List the runs."""
    return visit.page("runs.html.j2", runs=await visit.section("runs"))


async def report(visit: Visit) -> Response:
    """Hand out the report of a run. Raises `NotFound`."""
    name = visit.path["name"]
    found = await visit.here.in_thread(read_report, directories(), name)
    if found is None:
        raise NotFound(f"no run {name!r:.80} has a report here")
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return Response(found, media_type="text/html; charset=utf-8", headers=headers)


def render(look: Look) -> str:
    """Render the list, or why there is none."""
    roots = directories()
    values = {"known": bool(roots), "variable": VARIABLE, "runs": list_runs(roots, time.time())}
    return look.renderer.page("runs_list.html.j2", values)


PAGES = (
    Page(path="/runs", role=Role.VIEW, answer=show, title="Runs"),
    Page(path="/runs/{name}", role=Role.VIEW, answer=report),
)
SECTIONS = (Section(name="runs", role=Role.VIEW, render=render),)
