"""The overview: every pair as a picture, and the same as a table."""

from __future__ import annotations

from starlette.responses import Response

from twinpool.security.roles import Role
from twinpool_services.dashboard.drawing.pair_picture import narrow_picture, wide_picture
from twinpool_services.dashboard.drawing.pair_view import pair_view
from twinpool_services.dashboard.drawing.states import WORDS_OF
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit


async def show(visit: Visit) -> Response:
    """Show all pairs."""
    return visit.page("overview.html.j2", pairs=await visit.section("pairs"))


def render_pairs(look: Look) -> str:
    """Render what is known of each pool."""
    views = [
        pair_view(first, second, now=look.scene.at, reasons=look.tells_reasons) for first, second in look.scene.groups()
    ]
    drawn = [
        (view, wide_picture(view, f"pair{at}"), narrow_picture(view, f"pair{at}")) for at, view in enumerate(views)
    ]
    return look.renderer.page("pairs.html.j2", {"drawn": drawn, "reasons": look.tells_reasons, "words": WORDS_OF})


PAGES = (Page(path="", role=Role.VIEW, answer=show, title="Overview"),)
SECTIONS = (Section(name="pairs", role=Role.VIEW, render=render_pairs),)
