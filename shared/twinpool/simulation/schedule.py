"""One schedule: a seed's course of events, played to its end."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.simulation.cast import Cast
from twinpool.simulation.checking import Violation
from twinpool.simulation.dice import Strike
from twinpool.simulation.world import World

STEPS = 80  #: of trouble, before it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a schedule ended."""

    seed: int
    violation: str | None  #: None if everything held
    strikes: tuple[Strike, ...]  #: the faults that happened
    trace: tuple[str, ...]  #: what happened, if it was asked for


def play(seed: int, cast: Cast, *, spared: frozenset[int] = frozenset(), traced: bool = False) -> Outcome:
    """Play a schedule. Anything but a violation that is raised in it is a bug, and passes."""
    world = World(seed, cast, spared=spared, traced=traced)
    violation = None
    try:
        for _ in range(STEPS):
            world.step()
        world.calm_down()
        world.converge()
    except Violation as error:
        violation = str(error)
        world.note("VIOLATION: %s", error)
    except Exception as error:
        error.add_note(f"in the simulation's seed {seed}; replay it with: ./scripts/test --seed {seed}")
        raise
    return Outcome(seed=seed, violation=violation, strikes=tuple(world.dice.strikes), trace=tuple(world.trace))
