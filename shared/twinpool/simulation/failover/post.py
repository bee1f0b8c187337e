"""The broker between two pools, in which anything may happen to a letter."""

from __future__ import annotations

from dataclasses import dataclass, field

from twinpool.failover.messages import FailoverMessage
from twinpool.protocol.messages import StreamMessage
from twinpool.simulation.dice import Dice
from twinpool.vocabulary.names import ModuleName, PoolFqdn

LONG_DELAY = 40.0  #: seconds


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and the module that its envelope names."""

    module: ModuleName
    message: StreamMessage | FailoverMessage
    due_at: float


@dataclass(slots=True)
class Post:
    """The letters under way to each pool."""

    dice: Dice
    parted_until: float = 0.0  #: nothing arrives before
    letters: dict[PoolFqdn, list[Letter]] = field(default_factory=dict)

    def send(self, to: PoolFqdn, module: ModuleName, message: StreamMessage | FailoverMessage, now: float) -> None:
        """Take a letter in."""
        if self.dice.strikes_now("drop", 0.04):
            return
        delay = self.dice.span(0.0, 0.1)
        if self.dice.strikes_now("delay", 0.03):
            delay = self.dice.span(1.0, LONG_DELAY)
        box = self.letters.setdefault(to, [])
        box.append(Letter(module, message, now + delay))
        if self.dice.strikes_now("double", 0.04):
            box.append(Letter(module, message, now + self.dice.span(0.0, LONG_DELAY)))

    def take(self, to: PoolFqdn, now: float, limit: int) -> list[Letter]:
        """Hand out what is due, in order or nearly so."""
        box = self.letters.get(to, [])
        if not box or now < self.parted_until:
            return []
        due = [letter for letter in box if letter.due_at <= now]
        if len(due) > 1 and self.dice.strikes_now("reorder", 0.05):
            due = self.dice.shuffled(due)
        taken = due[:limit]
        for letter in taken:
            box.remove(letter)
        return taken

    def calm_down(self, now: float) -> None:
        """End partitions and delays."""
        self.parted_until = 0.0
        self.letters = {
            to: [Letter(each.module, each.message, min(each.due_at, now)) for each in box]
            for to, box in self.letters.items()
        }
