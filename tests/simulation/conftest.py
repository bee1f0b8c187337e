"""What all tests of the simulation need."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

PORTION = 100  #: schedules in one test


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """The services log each of the many failures that are simulated, and nobody reads it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" not in metafunc.fixturenames:
        return
    seed = metafunc.config.getoption("--seed")
    if seed is not None:
        metafunc.parametrize("seeds", [range(seed, seed + 1)], ids=[f"seed {seed}"])
        return
    total = metafunc.config.getoption("--schedules")
    portions = [range(first, min(first + PORTION, total)) for first in range(0, total, PORTION)]
    metafunc.parametrize("seeds", portions, ids=[f"seeds {portion[0]}-{portion[-1]}" for portion in portions])
