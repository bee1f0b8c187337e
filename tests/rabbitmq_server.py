"""A real RabbitMQ for tests: given by the environment, else a private node, else the tests are skipped.

With CI=true nothing is skipped.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from tests.sharing import place_of_the_run
from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq_installation import RabbitmqNotInstalled, find_installation

GIVEN = "TWINPOOL_TEST_AMQP"  #: URL of a broker and a virtual host that tests may fill with queues of their own
AT_ONCE = 16  #: most virtual hosts that one run of rabbitmqctl makes: starting it costs more than several of them

__all__ = [
    "VirtualHosts",
    "amqp_url",
    "end_rabbitmq_of_the_run",
    "own_rabbitmq_node",
    "rabbitmq_node",
    "require_rabbitmq",
    "virtual_hosts",
]


def require_rabbitmq() -> None:
    """Skip the test, or fail it with CI=true, if no private node can be started here."""
    try:
        find_installation()
    except RabbitmqNotInstalled as error:
        no_server = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        no_server(f"no RabbitMQ: set {GIVEN} or install rabbitmq-server ({error})")


class VirtualHosts:
    """Gives out virtual hosts of a node, a new one each time. They end with the node."""

    def __init__(self, node: PrivateNode) -> None:
        """Give out those of a node that runs."""
        self._node = node
        self._ready: list[str] = []
        self._next = 1  #: how many are made when there are none: twice as many each time

    def new_url(self) -> str:
        """Return the broker URL of a virtual host that nobody has used."""
        if not self._ready:
            self._ready = self._node.add_vhosts([f"test-{token_hex(4)}" for _ in range(self._next)])
            self._next = min(2 * self._next, AT_ONCE)
        return self._ready.pop()


@pytest.fixture(scope="session")
def rabbitmq_node(request: pytest.FixtureRequest) -> PrivateNode:
    """A private node that all workers of this run share, each with virtual hosts of its own; tests must not stop it."""
    require_rabbitmq()
    place = place_of_the_run(request.config)
    with (place / "rabbitmq.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        node = PrivateNode(place / "rabbitmq")
        node.start()  # unless another worker has
    return node


def end_rabbitmq_of_the_run(place: Path) -> None:
    """End the node that workers have shared, if any has asked for it."""
    if (place / "rabbitmq").exists():
        PrivateNode(place / "rabbitmq").kill()


@contextmanager
def _node() -> Iterator[PrivateNode]:
    require_rabbitmq()
    # Not pytest's folder: that one is kept after the run, and a node's data is large.
    directory = Path(tempfile.mkdtemp(prefix="twinpool-rabbitmq-"))
    node = PrivateNode(directory)
    try:
        node.start()
        yield node
    finally:
        node.kill()
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def own_rabbitmq_node() -> Iterator[PrivateNode]:
    """A private node for a module whose tests stop it, or raise its alarms."""
    with _node() as node:
        yield node


@pytest.fixture(scope="session")
def virtual_hosts(rabbitmq_node: PrivateNode) -> VirtualHosts:
    """Virtual hosts of the shared node."""
    return VirtualHosts(rabbitmq_node)


@pytest.fixture
def amqp_url(request: pytest.FixtureRequest) -> str:
    """A broker URL: of a virtual host of the test's own on our node; of the given broker, where names must differ."""
    if given := os.environ.get(GIVEN):
        return given
    hosts: VirtualHosts = request.getfixturevalue("virtual_hosts")
    return hosts.new_url()
