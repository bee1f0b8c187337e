"""What a seed makes of a scenario: the same timeline for the same seed, whatever the machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from twinpool_services.chaos.scenario.model import Fault, FaultKind, RandomFaults, Scenario
from twinpool_services.chaos.scenario.targets import suits

#: Settings that random faults of a kind need.
USUAL: dict[FaultKind, dict[str, float | str]] = {
    FaultKind.LATENCY: {"seconds": 0.2},
    FaultKind.BANDWIDTH: {"bytes": 20_000.0},
    FaultKind.CLOCK_JUMP: {"seconds": 3600.0},
}
DIRECTIONS = ("both", "in", "out")
TAMPERINGS = ("corrupt", "duplicate", "reorder", "replay", "drop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A scenario as it is carried out."""

    scenario: Scenario
    seed: int
    faults: tuple[Fault, ...]  #: in the order in which they begin


def plan_of(scenario: Scenario, seed: int) -> Plan:
    """Return the plan of a seed; a scenario without random faults has the same for every one."""
    chosen = _chosen(scenario.random, scenario.seconds, seed) if scenario.random else ()
    faults = sorted((*scenario.faults, *chosen), key=lambda fault: fault.at)
    return Plan(scenario=scenario, seed=seed, faults=tuple(faults))


def _chosen(wanted: RandomFaults, seconds: float, seed: int) -> Iterator[Fault]:
    dice = random.Random(seed)  # noqa: S311 - dice, not a secret
    at = wanted.first
    while at < seconds:
        kind = dice.choice(wanted.kinds)
        lasts = round(dice.uniform(*wanted.lasts), 3)
        target = dice.choice([target for target in wanted.targets if suits(kind, target)])
        yield Fault(kind=kind, target=target, at=round(at, 3), lasts=lasts, settings=_settings(kind, dice))
        at += lasts + dice.uniform(*wanted.every)


def _settings(kind: FaultKind, dice: random.Random) -> dict[str, float | str]:
    match kind:
        case FaultKind.PARTITION:
            return {"direction": dice.choice(DIRECTIONS)}
        case FaultKind.TAMPER:
            return {"how": dice.choice(TAMPERINGS)}
        case _:
            return dict(USUAL.get(kind, {}))
