"""What every fault is: something that begins, and is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import Stage


class Active(Protocol):
    """A fault that has begun."""

    def take_back(self) -> str:
        """End it, and say what became of it. Called once, whatever happens."""


#: Begins a fault: what is broken is broken when this returns. Raises our errors if it cannot be done.
Begin = Callable[[Stage, Fault, int], Active]


class Done:
    """A fault of which nothing has to be taken back."""

    def __init__(self, said: str = "") -> None:
        """Remember what became of it."""
        self._said = said

    def take_back(self) -> str:
        """Say what became of it."""
        return self._said


class TakenBackBy:
    """A fault that an action takes back."""

    def __init__(self, action: Callable[[], object], said: str = "") -> None:
        """Remember the action, and what to say."""
        self._action, self._said = action, said

    def take_back(self) -> str:
        """Do it."""
        outcome = self._action()
        return self._said or (outcome if isinstance(outcome, str) else "")
