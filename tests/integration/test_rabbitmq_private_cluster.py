"""Three private nodes that are one broker: a link goes on at another node when its own dies."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pairs import eventually
from tests.rabbitmq_server import require_rabbitmq
from twinpool.brokers.private_cluster import PrivateCluster
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import Topology, queue_to
from twinpool.ports.broker import Delivery, Outcome
from twinpool.vocabulary.addresses import broker_addresses
from twinpool.vocabulary.names import PoolFqdn

pytestmark = pytest.mark.rabbitmq

POOL = PoolFqdn("pool1.lab")


class Ups:
    """Counts how often a link came up."""

    def __init__(self) -> None:
        self.count = threading.Semaphore(0)

    def link_up(self) -> None:
        self.count.release()

    def link_down(self, reason: str) -> None: ...

    def link_blocked(self, reason: str | None) -> None: ...

    def delivered(self, delivery: Delivery) -> None: ...

    def settled(self, token: int, outcome: Outcome) -> None: ...


@pytest.fixture(scope="module")
def cluster() -> Iterator[PrivateCluster]:
    require_rabbitmq()
    directory = Path(tempfile.mkdtemp(prefix="twinpool-rabbitmq-"))
    made = PrivateCluster(directory, 3)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(directory)


def test_a_link_outlives_its_node_and_its_queues_have_three_members(cluster: PrivateCluster) -> None:
    ups = Ups()
    link = RabbitmqLink(cluster.url(), Topology(pool=POOL, speakers=(), subjects=("module",)))
    link.start(ups)
    try:
        assert ups.count.acquire(timeout=60)
        said = json.loads(cluster.nodes[1].ctl("list_queues", "name", "members", "--formatter", "json"))
        members = {row["name"]: row["members"] for row in said}
        assert len(members[queue_to(POOL, "module")]) == 3

        cluster.nodes[0].kill()

        assert ups.count.acquire(timeout=60), "it is up again at another node"
    finally:
        link.close()
    cluster.start()
    eventually(cluster.is_running, "the node is back")


def test_the_url_names_every_node_and_a_later_process_finds_them(cluster: PrivateCluster) -> None:
    again = PrivateCluster(cluster.directory, 3)

    assert again.url("lab") == cluster.url("lab")
    assert len(broker_addresses(again.url("lab"))) == 3
    assert again.is_running()
