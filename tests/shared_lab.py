"""A lab that modules of acceptance tests share: their tests come first, and it ends when they are through.

Four front ends that nobody needs any more would take a tenth of a core from all tests that follow.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.labs import RunningLab, running_lab

LEASE = "00:00:02"

_SHARED = pytest.StashKey["SharedLab"]()


class SharedLab:
    """Made when a module asks for it, and again if it was ended meanwhile."""

    def __init__(self) -> None:
        """Make nothing yet."""
        self.users: frozenset[Path] = frozenset()  #: modules with tests that want it
        self._running: RunningLab | None = None
        self._ending = ExitStack()

    @classmethod
    def of(cls, config: pytest.Config) -> SharedLab:
        """Return that of this process."""
        return config.stash.setdefault(_SHARED, cls())

    def running(self, request: pytest.FixtureRequest) -> RunningLab:
        """Return the lab, in step."""
        if self._running is None:
            self._running = self._ending.enter_context(running_lab(request, lease_duration=LEASE))
        self._running.heal()
        return self._running

    def end(self) -> None:
        """End it, if it runs."""
        self._running = None
        self._ending.close()


def users_first(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the modules that share the lab before all others, and remember them."""
    users = frozenset(item.path for item in items if "shared_lab" in getattr(item, "fixturenames", ()))
    SharedLab.of(config).users = users
    items.sort(key=lambda item: item.path not in users)


def end_if_not_used(item: pytest.Item) -> None:
    """End the lab before a test of a module that does not use it."""
    shared = SharedLab.of(item.config)
    if item.path not in shared.users:
        shared.end()
