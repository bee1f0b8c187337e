"""The load: change i is due at i/rate, whatever became of the ones before it."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool_services.bench.drain.backlog import Backlog

NANO = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many changes a second for so long. Times are nanoseconds since the load began.

    Open loop: a writer that falls behind writes late, but what is due is due, and every lag counts from there. So a
    stall is felt by all changes that were due meanwhile, and not by one alone (coordinated omission).
    """

    rate: int  #: changes a second
    seconds: float  #: for which lags are measured
    warm_up: float = 3.0  #: seconds before that, at the same rate
    value_bytes: int = 96

    @property
    def count(self) -> int:
        """How many changes there are, those of the warm-up included."""
        return self.unmeasured + max(1, round(self.rate * self.seconds))

    @property
    def unmeasured(self) -> int:
        """How many changes the warm-up has."""
        return round(self.rate * self.warm_up)

    @property
    def backlog(self) -> Backlog:
        """The changes themselves."""
        return Backlog(self.count, 1, self.value_bytes)

    def due_ns(self, number: int) -> int:
        """Return when a change is due."""
        return -(-number * NANO // self.rate)

    def due_by(self, elapsed_ns: int) -> int:
        """Return how many changes are due by a time."""
        return min(elapsed_ns * self.rate // NANO + 1, self.count) if elapsed_ns >= 0 else 0
