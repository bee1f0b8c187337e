"""A place that all workers of one run of the tests share, for servers that one of them starts for all."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

_PLACE = pytest.StashKey[Path]()
_KEY = "place_of_the_run"  #: among what a worker is told when it is started


def place_of_the_run(config: pytest.Config) -> Path:
    """Return the directory that the run's processes share. It is made by the first one, and known to its workers."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    if told is not None:
        return Path(told[_KEY])
    if _PLACE not in config.stash:
        config.stash[_PLACE] = Path(tempfile.mkdtemp(prefix="twinpool-tests-"))
    return config.stash[_PLACE]


def tell_worker(config: pytest.Config, told: dict[str, str]) -> None:
    """Tell a worker that is about to be started."""
    told[_KEY] = str(place_of_the_run(config))


def place_left_behind(config: pytest.Config) -> Path | None:
    """Return the directory if this process has made it, and has to delete it."""
    return config.stash.get(_PLACE, None)
