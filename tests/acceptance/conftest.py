"""Labs for acceptance tests: one a module, so that a test finds it as the one before has left it: in step."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.labs import RunningLab, running_lab

LEASE = "00:00:02"


@pytest.fixture(scope="session")
def events_are_logged_as_json() -> Iterator[None]:
    """Front ends log for machines, so that tests can ask for events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TWINPOOL_LOG_FORMAT", "json")
        yield


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, events_are_logged_as_json: None) -> Iterator[RunningLab]:
    """A pair on SQLite, two front ends each, over a virtual host of the session's RabbitMQ."""
    with running_lab(request, lease_duration=LEASE) as running:
        yield running
