"""Labs for acceptance tests: one that modules share, as long as they leave it in step; the others make their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import pytest

from tests.labs import RunningLab, running_lab
from tests.rabbitmq_server import GIVEN

LEASE = "00:00:02"


def _as_long_as_no_other_lab_needs_the_broker(fixture_name: str, config: pytest.Config) -> Literal["module", "session"]:
    """A given broker has one virtual host, in which two labs would speak into each other's queues."""
    return "module" if GIVEN in os.environ else "session"


@pytest.fixture(scope="session")
def events_are_logged_as_json() -> Iterator[None]:
    """Front ends log for machines, so that tests can ask for events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TWINPOOL_LOG_FORMAT", "json")
        yield


@pytest.fixture(scope=_as_long_as_no_other_lab_needs_the_broker)
def shared_lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair on SQLite, two front ends each, over a virtual host of the session's RabbitMQ."""
    with running_lab(request, lease_duration=LEASE) as running:
        yield running


@pytest.fixture(scope="module")
def lab(shared_lab: RunningLab) -> RunningLab:
    """The shared pair, brought back to where it began if a test that failed has left it otherwise."""
    shared_lab.heal()
    return shared_lab
