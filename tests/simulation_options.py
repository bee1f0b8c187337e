"""The command line of the simulation: how many schedules, or one seed alone, with its story."""

from __future__ import annotations

import pytest


def add_simulation_options(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("simulation", "the simulation of a pair")
    group.addoption("--schedules", type=int, default=2000, metavar="N", help="how many schedules are simulated (2000)")
    group.addoption("--disasters", type=int, default=10, metavar="N", help="how many disasters are played through (10)")
    group.addoption("--seed", type=int, default=None, metavar="N", help="replay this one schedule alone, told aloud")


def only_the_seed(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a seed, replay it and nothing else."""
    if config.getoption("--seed") is None:
        return
    others = [item for item in items if not {"seeds", "failover_seeds"} & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
