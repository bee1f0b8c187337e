"""Labs for acceptance tests: one that modules share, as long as they leave it in step; the others make their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.labs import RunningLab
from tests.rabbitmq_server import GIVEN
from tests.shared_lab import SharedLab


@pytest.fixture(scope="session")
def events_are_logged_as_json() -> Iterator[None]:
    """Front ends log for machines, so that tests can ask for events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TWINPOOL_LOG_FORMAT", "json")
        yield


@pytest.fixture(scope="session")
def shared_lab(pytestconfig: pytest.Config, events_are_logged_as_json: None) -> Iterator[SharedLab]:
    """A pair on SQLite, two front ends each, over a virtual host of the run's RabbitMQ."""
    shared = SharedLab.of(pytestconfig)
    yield shared
    shared.end()


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, shared_lab: SharedLab) -> Iterator[RunningLab]:
    """The shared pair, brought back to where it began if a test that failed has left it otherwise."""
    yield shared_lab.running(request)
    if GIVEN in os.environ:  # A given broker has one virtual host: another lab would speak into this one's queues.
        shared_lab.end()
