"""What one run of a contender came to, and what its rounds come to together."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twinpool_services.lab import Display


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run of one contender."""

    changes: int
    seconds: float
    cpu_s: float | None = None  #: processor time of our own processes, user and system
    peak_rss_mb: float | None = None  #: largest resident set of any one of them, in MiB
    details: Mapping[str, float] = field(default_factory=dict)  #: more figures, by name with unit

    @property
    def changes_per_s(self) -> float:
        """Throughput."""
        return self.changes / self.seconds

    @property
    def cpu_s_per_100k(self) -> float | None:
        """Processor seconds for 100,000 changes."""
        return None if self.cpu_s is None else self.cpu_s / self.changes * 100_000


class Contender(Protocol):
    """A way to do the measured work. `run` prepares, measures only the work itself, and leaves nothing behind."""

    @property
    def name(self) -> str:
        """How the report calls it."""

    def run(self) -> Reading:
        """Do it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """All readings of one contender."""

    name: str
    readings: tuple[Reading, ...]

    def median(self, figure: Callable[[Reading], float | None]) -> float | None:
        """Return the median of a figure over the rounds that have it; None if none has."""
        known = [value for reading in self.readings if (value := figure(reading)) is not None]
        return statistics.median(known) if known else None

    @property
    def changes_per_s(self) -> float:
        """Median throughput."""
        return statistics.median(reading.changes_per_s for reading in self.readings)

    @property
    def spread(self) -> tuple[float, float]:
        """Slowest and fastest throughput."""
        rates = [reading.changes_per_s for reading in self.readings]
        return min(rates), max(rates)


def in_turns(contenders: Sequence[Contender], rounds: int, shown: Display) -> list[Rounds]:
    """Run contenders in turns, so that what disturbs the machine disturbs all of them.

    Every second round goes backwards: who always comes after the same neighbour inherits its caches and its debts.
    """
    readings: dict[str, list[Reading]] = {contender.name: [] for contender in contenders}
    with shown.step("Measuring", total=rounds * len(contenders)) as step:
        for number in range(rounds):
            order = contenders if number % 2 == 0 else contenders[::-1]
            for contender in order:
                step.show(
                    sum(map(len, readings.values())), rounds * len(contenders), f"{contender.name}, round {number + 1}"
                )
                readings[contender.name].append(contender.run())
        step.outcome = f"{rounds} rounds"
    return [Rounds(name=name, readings=tuple(found)) for name, found in readings.items()]
