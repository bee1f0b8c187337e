"""The scenarios that come with the product."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from twinpool.errors import NotFound
from twinpool_services.chaos.scenario.file import parse_scenario, read_scenario
from twinpool_services.chaos.scenario.model import Scenario


def stock() -> list[Scenario]:
    """Return them all, in order of their names."""
    folder = resources.files("twinpool_services.chaos") / "scenarios"
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return [parse_scenario(one.read_text(encoding="utf-8"), one.name) for one in files]


def find_scenario(wanted: str) -> Scenario:
    """Return the scenario of a name, or of a file. Raises `NotFound`, and `InvalidConfiguration` for a bad file."""
    if wanted.endswith(".toml"):
        return read_scenario(Path(wanted))
    known = {scenario.name: scenario for scenario in stock()}
    if wanted not in known:
        raise NotFound(f"there is no scenario {wanted!r:.60}; there are {', '.join(known)}, or give a file NAME.toml")
    return known[wanted]
