"""A lab on a broker that is given: it begins with empty queues, and leaves none behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from tests.acceptance.labs import twinpool
from twinpool.brokers.rabbitmq.removing import TopologyInUse, remove_topology
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.vocabulary.names import PoolFqdn

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]

OURS = Topology(pool=PoolFqdn("pool1.lab"), speakers=(), subjects=(CONTROL, "UserServices.PresenceFocus"))


@pytest.fixture
def place() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
    yield directory
    twinpool("lab", "down", "--erase", cwd=directory)
    shutil.rmtree(directory)


def test_a_second_lab_on_the_same_virtual_host_is_refused_and_the_first_cleans_up(amqp_url: str, place: Path) -> None:
    first = twinpool("lab", "up", "--front-ends", "1", "--broker", amqp_url, "--directory", "first", cwd=place)
    assert first.returncode == 0, first.stderr

    second = twinpool("lab", "up", "--front-ends", "1", "--broker", amqp_url, "--directory", "second", cwd=place)
    down = twinpool("lab", "down", "--erase", "--directory", "first", cwd=place)

    assert second.returncode == 3
    assert "virtual host" in second.stderr
    assert not (place / "second").exists(), "nothing of a lab that was refused is left"
    assert down.returncode == 0, down.stderr
    assert remove_topology(amqp_url, [OURS]) == 0, "no queue was left behind"


def test_queues_and_what_they_hold_are_removed(amqp_url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.queue_declare("to.pool1.lab.control", durable=True)
        channel.basic_publish("", "to.pool1.lab.control", b"of an earlier life")
        channel.queue_declare("somebody.else", durable=True)

        removed = remove_topology(amqp_url, [OURS])

        assert removed == 1
        channel.queue_declare("somebody.else", passive=True)
    assert remove_topology(amqp_url, [OURS]) == 0


def test_queues_that_somebody_reads_from_are_left_alone(amqp_url: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        channel = connection.channel()
        channel.queue_declare("to.pool1.lab.control")
        channel.basic_consume("to.pool1.lab.control", lambda *_delivery: None)

        with pytest.raises(TopologyInUse, match=r"to\.pool1\.lab\.control"):
            remove_topology(amqp_url, [OURS])

        channel.queue_declare("to.pool1.lab.control", passive=True)
