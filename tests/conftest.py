"""Fixtures that tests of every kind may ask for."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.picture_options import add_picture_option
from tests.rabbitmq_server import (
    amqp_url,
    end_rabbitmq_of_the_run,
    own_rabbitmq_node,
    rabbitmq_node,
    virtual_hosts,
)
from tests.shared_lab import end_if_not_used, users_first
from tests.sharing import place_left_behind, tell_worker
from tests.simulation_options import add_simulation_options, only_the_seed

__all__ = [
    "amqp_url",
    "interruptions_are_heard",
    "logging_is_left_as_it_was",
    "own_rabbitmq_node",
    "partners_that_do_not_run_are_not_waited_for_long",
    "rabbitmq_node",
    "virtual_hosts",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the simulation, and of the tests in a browser."""
    add_simulation_options(parser)
    add_picture_option(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose, and put in order."""
    only_the_seed(config, items)
    users_first(config, items)
    # Their images are made while all others run.
    items.sort(key=lambda item: item.get_closest_marker("docker") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """End what no test needs any more."""
    end_if_not_used(item)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker, where there are several, which place they share."""
    tell_worker(node.config, node.workerinput)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the workers of this run have shared."""
    if place := place_left_behind(config):
        end_rabbitmq_of_the_run(place)
        shutil.rmtree(place)


@pytest.fixture(scope="session", autouse=True)
def partners_that_do_not_run_are_not_waited_for_long() -> Iterator[None]:
    """Most tests that start one pool of a pair alone are about something else than who serves its users."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TWINPOOL_PARTNER_QUERY_TIMEOUT", "00:00:00.5")
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptions_are_heard() -> Iterator[None]:
    """A shell starts what runs in the background with SIGINT ignored, and the processes of tests would inherit that."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def logging_is_left_as_it_was() -> Iterator[None]:
    """What a test, or a command that it ran in this process, says about logging must not outlive its streams."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
