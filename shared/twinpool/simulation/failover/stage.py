"""What surrounds a node."""

from __future__ import annotations

from typing import Protocol

from twinpool.simulation.dice import Dice
from twinpool.simulation.failover.checking import Checker
from twinpool.simulation.failover.parts import Cast
from twinpool.simulation.failover.post import Post


class Stage(Protocol):
    """What a node needs of the world."""

    now: float
    dice: Dice
    cast: Cast
    post: Post
    checker: Checker

    def note(self, line: str, *given: object) -> None:
        """Add a line to the trace."""
