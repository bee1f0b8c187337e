"""Where a write is: captured, sent, imported, acknowledged, by what both pools still know of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import httpx
from starlette.responses import Response

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool.security.roles import Role
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.dashboard.acting import ApiRefused
from twinpool_services.dashboard.live.other_pools import OtherPools
from twinpool_services.dashboard.pages.page import Page, Visit
from twinpool_services.diagnosis import (
    Answers,
    JourneyFacts,
    is_known,
    journey_facts,
    journey_of,
    newest_change,
)
from twinpool_services.frontend.access.requirements import require
from twinpool_services.frontend.context import Context

USUAL_MODULE = "UserServices.PresenceFocus"
MARKS = {"known": "ok", "inferred": "steadystate", "not yet": "standby", "unknown": "unknown"}


async def show(visit: Visit) -> Response:
    """Ask for a record, and show its way if one was asked for."""
    asked = {name: visit.query.get(name, "") for name in ("owner", "key", "home", "module")}
    journeys, silent, problem = [], [], None
    if asked["owner"] or asked["key"]:
        try:
            found = await _journeys(visit, asked)
            known = [facts for facts in found if is_known(facts)]
            journeys = [(facts, journey_of(facts)) for facts in known]
            silent = sorted(
                {f"{one.pool}: {one.silence}" for facts in found for one in (facts.source, facts.target) if one.silence}
            )
        except (InvalidParameter, ApiRefused) as error:
            problem = error
    return visit.page(
        "trace.html.j2",
        status=422 if problem else 200,
        asked=asked,
        journeys=journeys,
        silent=silent,
        problem=problem,
        may=await visit.may(Role.READ_DATA),
        marks=MARKS,
        homes=_homes(visit.here),
        modules=[module.name for module in visit.here.modules.select("All")],
    )


async def _journeys(visit: Visit, asked: Mapping[str, str]) -> list[JourneyFacts]:
    """Look in each home that is meant. Raises `InvalidParameter`, `ApiRefused`, `NotAuthorised`."""
    if not (asked["owner"] and asked["key"]):
        raise InvalidParameter("a record has an owner and a key", field="key")
    module = visit.here.modules[asked["module"] or USUAL_MODULE]
    homes = [CMS_HOME] if module.category.is_cms else [asked["home"]] if asked["home"] else _homes(visit.here)
    for home in homes:
        await require(visit.request, Role.READ_DATA, home)
    with closing(OtherPools(visit.here)) as others:
        return [await _facts(visit, others, home, module.name, asked) for home in homes]


async def _facts(visit: Visit, others: OtherPools, home: str, module: str, asked: Mapping[str, str]) -> JourneyFacts:
    """Ask both pools of a home for the record, then for the batches of its newest change."""
    deployment = visit.here.deployment
    first = deployment.cms_master if home == CMS_HOME else deployment.pool(home).fqdn
    pools = [first, *filter(None, [deployment.partner_of(first)])]
    path, query = ["v1", "homes", home, "modules", module, "trace"], {"owner": asked["owner"], "key": asked["key"]}
    facts = journey_facts([await _answers(visit, others, pool, path, query) for pool in pools], home)
    newest = newest_change(facts)
    if newest is None:
        return facts
    again = {**query, "position": str(newest.position)}
    answers = [await _answers(visit, others, pool, path, again) for pool in pools]
    return journey_facts(answers, home, newest.position)


async def _answers(
    visit: Visit, others: OtherPools, pool: str, path: Sequence[str], query: Mapping[str, str]
) -> Answers:
    """Ask every front end of a pool, for only one of them may know; ourselves in the name of who looks."""
    documents: dict[str, Mapping[str, Any]] = {}
    silent: dict[str, str] = {}
    for each in visit.here.deployment.pool(pool).front_ends:
        try:
            if each.name == visit.here.front_end.name:
                documents[each.name] = await visit.ask(path, query)
                continue
            answer = await asyncio.to_thread(others.at, pool, each, path, query)
            if answer.is_success:
                documents[each.name] = answer.json()
            else:
                silent[each.name] = f"HTTP status {answer.status_code}"
        except ApiRefused as error:
            if error.problem.status in {403, 422}:
                raise
            silent[each.name] = str(error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TwinpoolError) as error:
            silent[each.name] = str(error) or type(error).__name__
    return Answers(pool=pool, documents=documents, silent=silent)


def _homes(here: Context) -> list[str]:
    """Return the homes that this pool and its backup pool keep the records of."""
    own = here.pool.fqdn
    return [own, *filter(None, [here.deployment.partner_of(own)])]


PAGES = (Page(path="/trace", role=Role.VIEW, answer=show, title="Trace"),)
