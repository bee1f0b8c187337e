"""A lab over PostgreSQL: a private cluster, a database for each pool."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from tests.rabbitmq_server import require_rabbitmq
from twinpool.security.credentials import authorization
from twinpool_services.lab import Lab, LabPlan, StoreKind, Watcher
from twinpool_services.lab.postgresql_cluster import PostgresqlCluster, PostgresqlNotInstalled

pytestmark = [pytest.mark.rabbitmq, pytest.mark.postgresql, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require_rabbitmq()
    directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
    lab = Lab(directory)
    try:
        lab.up(LabPlan(front_ends=1, store=StoreKind.POSTGRESQL))
    except PostgresqlNotInstalled as error:
        no_postgresql(error)
    yield lab
    lab.down(erase=True)
    shutil.rmtree(directory, ignore_errors=True)


def no_postgresql(error: PostgresqlNotInstalled) -> NoReturn:
    """Skip the test; with CI=true fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(error))
    pytest.skip(str(error))


def test_pools_over_postgresql_replicate_and_their_data_outlives_down_and_up(lab: Lab) -> None:
    path = "/v1/homes/pool1.lab/modules/PresenceFocus/records/sip:ada/presence"
    first, second = (lab.front_ends(pool)[0].address for pool in ("pool1.lab", "pool2.lab"))
    with (
        httpx.Client(trust_env=False, headers=authorization(lab.deployment, {})) as client,
        Watcher(lab.deployment) as watcher,
    ):
        client.put(first + path, content=b"online").raise_for_status()
        seen = watcher.until(lambda: client.get(second + path).content == b"online" or None, 60)
        lab.down()
        running = lab.servers.are_running()
        lab.up()

        assert seen
        assert not running
        assert client.get(second + path).content == b"online"


def test_the_cluster_asks_for_its_password(lab: Lab) -> None:
    cluster = lab.servers.cluster
    assert isinstance(cluster, PostgresqlCluster)
    assert cluster.url("pool1_lab").count(":") == 3
    assert (cluster.directory / "cluster.json").stat().st_mode & 0o077 == 0


def test_erasing_leaves_nothing_of_the_cluster() -> None:
    place = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))  # Of root alone, if we are root: the cluster lies elsewhere.
    cluster = PostgresqlCluster(place / "postgresql")
    try:
        cluster.start()
    except PostgresqlNotInstalled as error:
        no_postgresql(error)
    data = Path(json.loads((place / "postgresql" / "cluster.json").read_text(encoding="utf-8"))["data"])
    cluster.stop(at_once=True)

    cluster.erase()

    assert list(place.iterdir()) == []
    assert not data.parent.exists()
    place.rmdir()
