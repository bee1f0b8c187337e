"""A module on its way: how it stands, what holds it back, and its last hour as charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from twinpool.errors import NotFound
from twinpool.security.roles import Role
from twinpool.vocabulary.names import Home, ModuleName, Stream
from twinpool_services.dashboard.drawing.charts import draw_bands, draw_lines, newest, swatch
from twinpool_services.dashboard.drawing.module_charts import bands_of, charts_of
from twinpool_services.dashboard.drawing.pair_view import Flow, pair_view
from twinpool_services.dashboard.drawing.states import WORDS_OF
from twinpool_services.dashboard.drawing.time_range import TimeRange
from twinpool_services.dashboard.live.diagnosing import stream_told, what_holds_back
from twinpool_services.dashboard.live.history import Past, Way
from twinpool_services.dashboard.live.scene import PoolSight, Scene
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.dashboard.rendering import Renderer
from twinpool_services.diagnosis import FREE
from twinpool_services.frontend.fact_documents import RouteFactsDocument

MOST_HAPPENINGS = 20  #: that are shown one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the scene has of a module between two pools."""

    source: PoolSight
    destination: PoolSight | None
    route: RouteFactsDocument


async def show_all(visit: Visit) -> Response:
    """List the modules of all pools."""
    return visit.page("modules.html.j2", modules=await visit.section("modules"))


async def show(visit: Visit) -> Response:
    """Show one module between two pools."""
    way = visit.path["home"], visit.path["module"], visit.path["source"], visit.path["destination"]
    name, shown = "/".join(way), TimeRange.parse(visit.query.get("range", ""))
    return visit.page(
        "module.html.j2",
        way=Way(Stream(Home(way[0]), ModuleName(way[1])), way[2], way[3]),
        name=name,
        shown=shown,
        standing=await visit.section("module", name),
        charts=await visit.section("charts", f"{name}/{shown}") if await visit.may(Role.BACKUP_SERVICE) else "",
    )


def render_all(look: Look) -> str:
    """Render a row for each module and direction."""
    flows = [flow for pair in look.scene.groups() for flow in _flows(look, *pair)]
    return look.renderer.page("modules_table.html.j2", {"flows": flows, "words": WORDS_OF})


def render_standing(look: Look) -> str:
    """Render how a module stands, and what holds it back."""
    way = _way(look.argument)
    flow = next((flow for pair in look.scene.groups() for flow in _flows(look, *pair) if _is_of(flow, way)), None)
    told = _told(look.scene, way)
    if flow is None or told is None:
        return look.renderer.page("module_unknown.html.j2", {"way": way})
    found = what_holds_back(told.source, told.route, told.destination) if look.tells_reasons else []
    values = {
        "flow": flow,
        "words": WORDS_OF,
        "reasons": look.tells_reasons,
        "live": told.route.live if look.tells_reasons else None,
        "stream": stream_told(told.destination, told.route.home, told.route.backup_module),
        "hindrances": [each for each in found if each.stage not in FREE],
        "sync_trigger": told.source.facts.sync_trigger if told.source.facts else "",
    }
    return look.renderer.page("module_standing.html.j2", values)


def render_charts(look: Look) -> str:
    """Render the charts of a module over a range, and what happened in it."""
    name, _, wanted = look.argument.rpartition("/")
    return look.history.drawn(look.scene, _way(name), TimeRange.parse(wanted), partial(_charts, look.renderer))


def _charts(renderer: Renderer, past: Past) -> str:
    charts = charts_of(past.sent, past.imported)
    return renderer.page(
        "module_charts.html.j2",
        {
            "past": past,
            "range": past.shown,
            "bands": draw_bands("States over time", bands_of(past.sent, past.imported), past.shown),
            "charts": [(chart, draw_lines(chart, past.shown)) for chart in charts],
            "words": WORDS_OF,
            "swatch": swatch,
            "newest": newest,
            "causes": Counter(each.word for _, each in past.happenings if each.kind == "session").most_common(),
            "happenings": list(_listed(past)),
            "left_out": max(0, len(past.happenings) - MOST_HAPPENINGS),
        },
    )


def _listed(past: Past) -> Iterator[tuple[str, str, float, str]]:
    for front_end, each in past.happenings[:MOST_HAPPENINGS]:
        what = {"session": "Session opened", "refusal": "Refused", "failure": "Import failed"}[each.kind]
        yield front_end, what, each.at, each.word


def _flows(look: Look, first: PoolSight, second: PoolSight | None) -> Iterator[Flow]:
    yield from pair_view(first, second, now=look.scene.at, reasons=look.tells_reasons).flows


def _is_of(flow: Flow, way: Way) -> bool:
    return (flow.home, flow.module, flow.source, flow.destination) == (
        way.stream.home,
        way.stream.module,
        way.source,
        way.destination,
    )


def _way(name: str) -> Way:
    """Read `home/module/source/destination`. Raises `NotFound`."""
    parts = name.split("/")
    if len(parts) != 4:
        raise NotFound(f"no module is called {name!r:.80}")
    return Way(Stream(Home(parts[0]), ModuleName(parts[1])), parts[2], parts[3])


def _told(scene: Scene, way: Way) -> Told | None:
    source = scene.pool(way.source)
    if source is None or source.facts is None:
        return None
    wanted = way.stream.home, way.stream.module, way.destination
    for route in source.facts.routes:
        if (route.home, route.backup_module, route.destination) == wanted:
            return Told(source=source, destination=scene.pool(way.destination), route=route)
    return None


PAGES = (
    Page(path="/modules", role=Role.VIEW, answer=show_all, title="Modules"),
    Page(path="/modules/{home}/{module}/{source}/{destination}", role=Role.VIEW, answer=show),
)
SECTIONS = (
    Section(name="modules", role=Role.VIEW, render=render_all),
    Section(name="module", role=Role.VIEW, render=render_standing),
    Section(name="charts", role=Role.BACKUP_SERVICE, render=render_charts),
)
