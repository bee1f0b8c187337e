"""Orphans of this pool: listed in words, shown beside what the serving pool holds, replayed and discarded."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.failover.orphan_classification import Classification
from twinpool.security.roles import Role
from twinpool_services.dashboard.acting import ApiRefused
from twinpool_services.dashboard.live.sections import Look, Section
from twinpool_services.dashboard.pages.page import Page, Visit

AT_A_TIME = 50
LONGEST_VALUE = 4_000  #: characters of a value that are shown

#: What a classification means, with the mark that it has.
MEANINGS: Mapping[str, tuple[str, str]] = {
    Classification.SAFE: ("ok", "Replaying takes nothing away from anybody"),
    Classification.ALREADY_THERE: ("ok", "Nothing has to be written"),
    Classification.OVERTAKEN: ("warning", "Replaying brings an older value back"),
    Classification.DELETED: ("warning", "Replaying brings back what was deleted"),
    Classification.CONFLICT: ("bad", "Replaying takes a newer value away"),
}
FILTERS = (("", "All"), ("undecided", "Not decided"), *((each.value, each.value) for each in Classification))


async def show_all(visit: Visit) -> Response:
    """List a page of them."""
    own, shown = visit.here.pool.fqdn, visit.query.get("show", "undecided")
    after = visit.query.get("after", "0")
    query = {"limit": str(AT_A_TIME), "after": after}
    if shown in set(Classification):
        query["classification"] = shown
    elif shown == "undecided":
        query["undecided"] = "true"
    page = await visit.ask(["v1", "pools", own, "orphans"], query)
    return visit.page(
        "orphans.html.j2",
        page=page,
        shown=shown,
        after=after,
        filters=FILTERS,
        meanings=MEANINGS,
        news=await visit.section("orphan-news", f"{page['Total']}/{page['Undecided']}"),
        may_settle=await visit.may(Role.ADMINISTER),
        others=[(pool.fqdn, pool.front_ends[0].address) for pool in visit.here.deployment.pools if pool.fqdn != own],
    )


def render_news(look: Look) -> str:
    """Say what has become of the orphans since a page was made, which had so many, and so many not decided."""
    store = look.here.opened.store
    homes = [each.home for each in store.homes()]
    total = sum(store.count_orphans(home) for home in homes)
    undecided = sum(store.count_orphans(home, undecided=True) for home in homes)
    news = ""
    if f"{total}/{undecided}" != look.argument:
        news = f"This list is old: there are {total:,} in all now, {undecided:,} not decided"
    return look.renderer.page("news.html.j2", {"news": news, "address": "/dashboard/orphans"})


async def show(visit: Visit) -> Response:
    """Show one beside what the serving pool holds."""
    return await _page(visit)


async def settle(decision: str, visit: Visit) -> Response:
    """Replay or discard one, in the name of whoever looks."""
    number = visit.path["number"]
    if "confirm" not in visit.form:
        error = InvalidParameter("say that you have seen the difference; nothing was done", field="confirm")
        return await _page(visit, error, status=422)
    body: dict[str, object] = {"By": visit.looking.caller.name, "Note": visit.form.get("note", "")}
    if decision == "replay":
        body["Force"] = "force" in visit.form
    try:
        await visit.do("POST", ["v1", "pools", visit.here.pool.fqdn, "orphans", number, decision], body)
    except ApiRefused as refused:
        if refused.problem.status != 409:
            raise
        return await _page(visit, refused, status=409)
    return visit.go(f"/orphans/{number}")


async def _page(visit: Visit, problem: TwinpoolError | None = None, *, status: int = 200) -> Response:
    found = await visit.ask(["v1", "pools", visit.here.pool.fqdn, "orphans", visit.path["number"]])
    word = found["Classification"]
    return visit.page(
        "orphan.html.j2",
        status=status,
        found=found,
        problem=problem,
        meaning=MEANINGS.get(word, ("unknown", word or "")),
        values=[("The orphan", _text(found["Value"])), (f"{found['ServingPool']} now", _text(found["PresentValue"]))],
        is_safe=word in {Classification.SAFE.value, Classification.ALREADY_THERE.value},
    )


def _text(value: str | None) -> str | None:
    """Return a value as people can read it: JSON by line, other text as it is, else its bytes; None for none."""
    if value is None:
        return None
    held = base64.b64decode(value)
    try:
        text = held.decode("utf-8")
        text = _indented(text)
    except UnicodeDecodeError:
        text = held.hex(" ")
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… ({len(held):,} bytes)"


def _indented(text: str) -> str:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return json.dumps(document, indent=2, ensure_ascii=False)


PAGES = (
    Page(path="/orphans", role=Role.VIEW, answer=show_all, title="Orphans"),
    Page(path="/orphans/{number}", role=Role.ADMINISTER, answer=show),
    Page(
        path="/orphans/{number}/replay",
        role=Role.ADMINISTER,
        answer=partial(settle, "replay"),
        takes="replay_orphan",
    ),
    Page(
        path="/orphans/{number}/discard",
        role=Role.ADMINISTER,
        answer=partial(settle, "discard"),
        takes="discard_orphan",
    ),
)
SECTIONS = (Section(name="orphan-news", role=Role.VIEW, render=render_news),)
