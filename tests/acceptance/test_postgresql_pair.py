"""A pair over PostgreSQL whose server is restarted under load: the stream goes on, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.labs import P1, RunningLab, running_lab
from twinpool_services.lab import StoreKind
from twinpool_services.lab.postgresql_cluster import PostgresqlNotInstalled

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgresql]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    try:
        with running_lab(request, store=StoreKind.POSTGRESQL, lease_duration="00:00:02") as running:
            yield running
    except PostgresqlNotInstalled as error:
        no_server = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        no_server(str(error))


@pytest.mark.parametrize("at_once", [False, True], ids=["in-order", "as-a-power-cut"])
def test_a_restart_of_the_server_under_load_loses_nothing(lab: RunningLab, at_once: bool) -> None:
    cluster = lab.lab.servers.cluster
    assert cluster is not None
    with lab.load(P1) as load:
        lab.more(load)

        cluster.stop(at_once=at_once)
        cluster.start()

        lab.more(load)
        lab.await_progress(P1)
        lab.more(load)
    lab.assert_in_step()


def test_another_front_end_takes_over_from_one_that_was_killed_in_the_middle_of_its_work(lab: RunningLab) -> None:
    former = lab.active(P1)
    with lab.load(P1) as load:
        lab.more(load)
        lab.lab.kill(former)
        lab.active_others(P1, former, 15)
        lab.await_progress(P1)
    lab.assert_in_step()
    lab.lab.start(former)
