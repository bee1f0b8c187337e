"""A real RabbitMQ for tests: given by the environment, else a private node, else the tests are skipped.

With CI=true nothing is skipped.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from twinpool.brokers.private_node import PrivateNode
from twinpool.brokers.rabbitmq_installation import RabbitmqNotInstalled, find_installation

GIVEN = "TWINPOOL_TEST_AMQP"  #: URL of a broker and a virtual host that tests may fill with queues of their own

__all__ = ["amqp_url", "own_rabbitmq_node", "rabbitmq_node", "require_rabbitmq"]


def require_rabbitmq() -> None:
    """Skip the test, or fail it with CI=true, if no private node can be started here."""
    try:
        find_installation()
    except RabbitmqNotInstalled as error:
        no_server = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        no_server(f"no RabbitMQ: set {GIVEN} or install rabbitmq-server ({error})")


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


@pytest.fixture(scope="session")
def rabbitmq_node() -> Iterator[PrivateNode]:
    """A private node for the session; tests must not stop it."""
    yield from _node()


@pytest.fixture(scope="module")
def own_rabbitmq_node() -> Iterator[PrivateNode]:
    """A private node for a module whose tests stop it, or raise its alarms."""
    yield from _node()


@pytest.fixture
def amqp_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A broker URL: of a virtual host of the test's own on our node; of the given broker, where names must differ."""
    if given := os.environ.get(GIVEN):
        yield given
        return
    node: PrivateNode = request.getfixturevalue("rabbitmq_node")
    name = f"test-{token_hex(4)}"
    yield node.add_vhost(name)
    node.ctl("delete_vhost", name)
