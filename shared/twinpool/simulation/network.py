"""The broker of the simulation: two queues, one towards each end, and everything that can happen to a letter.

It is modelled on what was measured on RabbitMQ: a queue has one active consumer, the first that is still connected;
what a consumer has taken and not settled goes back when its connection ends, in any order, though the consumer may
still hold its copy; and what is published while a connection ends may or may not have arrived.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from twinpool.errors import BrokerUnreachable
from twinpool.protocol.messages import StreamMessage
from twinpool.simulation.dice import Dice

PREFETCH = 12  #: letters that a consumer holds unsettled
LONG_DELAY = 40.0  #: seconds


@dataclass(slots=True, eq=False)
class Letter:
    """A message in a queue."""

    message: StreamMessage
    due_at: float = 0.0


@dataclass(slots=True, eq=False)
class Connection:
    """One actor's connection: it publishes to one queue and consumes the other."""

    publishes_to: Queue
    consumes: Queue
    inbox: deque[Letter] = field(default_factory=deque)  #: outlives the connection
    unsettled: list[Letter] = field(default_factory=list)
    up: bool = False

    def open(self) -> None:
        """Connect, and wait in line for letters."""
        self.up = True
        self.consumes.consumers.append(self)

    def close(self, dice: Dice) -> None:
        """End the connection: what is unsettled goes back, in any order, before everything else."""
        if not self.up:
            return
        self.up = False
        self.consumes.consumers.remove(self)
        for letter in dice.shuffled(self.unsettled):
            self.consumes.letters.appendleft(letter)
        self.unsettled.clear()

    def publish(self, message: StreamMessage, now: float, dice: Dice) -> None:
        """Send a letter. Raises `BrokerUnreachable` while there is no connection."""
        if not self.up:
            raise BrokerUnreachable("the link is down")
        if dice.strikes_now("drop", 0.03):
            return
        delay = dice.span(0.0, 0.2)
        if dice.strikes_now("delay", 0.03):
            delay = dice.span(1.0, LONG_DELAY)
        self.publishes_to.letters.append(Letter(message, now + delay))
        if dice.strikes_now("double", 0.04):
            self.publishes_to.letters.append(Letter(message, now + dice.span(0.0, LONG_DELAY)))

    def settle(self, letter: Letter) -> None:
        """Let the queue forget a letter; without effect if the connection has ended since."""
        if letter in self.unsettled:
            self.unsettled.remove(letter)


@dataclass(slots=True, eq=False)
class Queue:
    """Letters on their way to one end."""

    letters: deque[Letter] = field(default_factory=deque)
    consumers: list[Connection] = field(default_factory=list)

    def deliver(self, now: float, dice: Dice) -> Letter | None:
        """Hand the next letter that is due to the active consumer."""
        active = next(iter(self.consumers), None)
        if active is None or len(active.unsettled) >= PREFETCH:
            return None
        due = [letter for letter in self.letters if letter.due_at <= now]
        if not due:
            return None
        letter = dice.one_of(due) if dice.strikes_now("reorder", 0.06) else due[0]
        self.letters.remove(letter)
        active.unsettled.append(letter)
        active.inbox.append(letter)
        return letter

    def calm_down(self, now: float) -> None:
        """Let nothing be late any more."""
        for letter in self.letters:
            letter.due_at = min(letter.due_at, now)
