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
    name = next((each for each in ("seeds", "failover_seeds") if each in metafunc.fixturenames), None)
    if name is None:
        return
    seed = metafunc.config.getoption("--seed")
    if seed is not None:
        metafunc.parametrize(name, [range(seed, seed + 1)], ids=[f"seed {seed}"])
        return
    total = metafunc.config.getoption("--schedules")
    if name == "failover_seeds":
        total = (total + 3) // 4  # Each is longer than one of a stream alone.
    portions = [range(first, min(first + PORTION, total)) for first in range(0, total, PORTION)]
    metafunc.parametrize(name, portions, ids=[f"seeds {portion[0]}-{portion[-1]}" for portion in portions])
