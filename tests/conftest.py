"""Fixtures that tests of every kind may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.rabbitmq_server import amqp_url, own_rabbitmq_node, rabbitmq_node
from tests.simulation_options import pytest_addoption, pytest_collection_modifyitems

__all__ = [
    "amqp_url",
    "interruptions_are_heard",
    "own_rabbitmq_node",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "rabbitmq_node",
]


@pytest.fixture(scope="session", autouse=True)
def interruptions_are_heard() -> Iterator[None]:
    """A shell starts what runs in the background with SIGINT ignored, and the processes of tests would inherit that."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)
