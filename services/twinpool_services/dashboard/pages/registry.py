"""All pages there are, and all sections that keep themselves up to date."""

from __future__ import annotations

from collections.abc import Mapping

from twinpool_services.dashboard.live.sections import Section
from twinpool_services.dashboard.pages import (
    audit,
    configuration,
    modules,
    moves,
    operations,
    orphans,
    overview,
    runs,
    signing_in,
    tasks,
    trace,
)
from twinpool_services.dashboard.pages.page import Page

#: Those with a title stand in the navigation, in this order.
PAGES: tuple[Page, ...] = (
    *overview.PAGES,
    *modules.PAGES,
    *moves.PAGES,
    *tasks.PAGES,
    *operations.PAGES,
    *orphans.PAGES,
    *trace.PAGES,
    *configuration.PAGES,
    *audit.PAGES,
    *runs.PAGES,
    *signing_in.PAGES,
)

SECTIONS: Mapping[str, Section] = {
    each.name: each
    for each in (
        *overview.SECTIONS,
        *modules.SECTIONS,
        *tasks.SECTIONS,
        *operations.SECTIONS,
        *orphans.SECTIONS,
        *audit.SECTIONS,
        *runs.SECTIONS,
    )
}
