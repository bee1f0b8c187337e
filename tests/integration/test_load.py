"""A load on front ends that serve in this process; nobody imports, so the lag is what it has to be: unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from twinpool.errors import NotAuthenticated, PoolUnreachable
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import CMS_HOME, Home, Stream
from twinpool_services.lab import open_display
from twinpool_services.load.keeping import keep
from twinpool_services.load.profile import Profile, load_profile
from twinpool_services.load.running import Order, Through, run_load
from twinpool_services.load.tables import read_tables

QUIET = open_display(to_errors=True)
BRIEF = ["phase.0.seconds=0.5", "phase.1.seconds=0.5", "values.bytes=20"]


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    deployment = deployment_in(tmp_path)
    with (
        closing(open_store(deployment.pool(POOL1).store, POOL1)) as store,
        front_end_on(store, deployment) as serving,
    ):
        yield serving


def reached(front_end: FrontEndInTest) -> Deployment:
    """Return the deployment with the port that the front end got."""
    deployment = front_end.context.deployment
    pool = deployment.pool(POOL1)
    one = replace(pool.front_ends[0], address=str(front_end.client.base_url).rstrip("/"))
    return replace(deployment, pools=(replace(pool, front_ends=(one,)), *deployment.pools[1:]))


def order(front_end: FrontEndInTest, profile: Profile, through: Through) -> Order:
    return Order(
        profile=profile,
        deployment=reached(front_end),
        through=through,
        workers=4,
        drain=0.0,
        headers=front_end.headers,
    )


@pytest.mark.parametrize("through", list(Through))
def test_every_change_of_all_modules_is_written_and_the_results_can_be_read_again(
    front_end: FrontEndInTest, through: Through, tmp_path: Path
) -> None:
    profile = load_profile("smoke", BRIEF)
    asked = order(front_end, profile, through)

    summary = keep(run_load(asked, QUIET), asked, "smoke", tmp_path, "csv")

    assert (summary["failures"], summary["not_sent"]) == ({}, 0)
    assert summary["written"] == summary["not_imported"] >= profile.count - 1
    assert summary["lag"] is None
    streams = [Stream(CMS_HOME if "CMS" in name else Home(POOL1), name) for name in profile.mix]
    assert all(front_end.store.record_count(stream) for stream in streams)
    assert len(read_tables(tmp_path).rows["operations"]) == summary["answered"]
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary
    assert (tmp_path / "report.html").exists()


def test_a_caller_whom_nobody_knows_is_told_before_anything_is_offered(front_end: FrontEndInTest) -> None:
    profile = load_profile("smoke", BRIEF)
    asked = order(front_end, profile, Through.HTTP)
    stranger = {"Authorization": "Bearer nobody"}

    with pytest.raises(NotAuthenticated):
        run_load(replace(asked, headers=stranger), QUIET)


def test_a_pool_that_answers_nothing_is_told_before_anything_is_offered(tmp_path: Path) -> None:
    asked = Order(profile=load_profile("smoke"), deployment=deployment_in(tmp_path))
    with pytest.raises(PoolUnreachable):
        run_load(asked, QUIET)
