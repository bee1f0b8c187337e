"""Which seconds a chart shows, and how an address says so."""

from __future__ import annotations

import math
from dataclasses import dataclass

from twinpool_services.telemetry import SECONDS, Range

MOST_POINTS = 200  #: of one line
SHORTEST = 30  #: seconds that a chart shows
USUAL = 300


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The last so many seconds, or seconds of the past."""

    seconds: int
    ends: int | None = None  #: in seconds since 1970; None follows the time

    @classmethod
    def parse(cls, text: str) -> TimeRange:
        """Read `300` or `begin-end`; whatever makes no sense is the usual one.

        >>> TimeRange.parse("900"), TimeRange.parse("1000-1060"), TimeRange.parse("nonsense")
        (TimeRange(seconds=900, ends=None), TimeRange(seconds=60, ends=1060), TimeRange(seconds=300, ends=None))
        """
        begins, dash, ends = text[:32].partition("-")
        if not (begins.isascii() and begins.isdigit() and (not dash or (ends.isascii() and ends.isdigit()))):
            return cls(USUAL)
        if not dash:
            return cls(_bounded(int(begins)))
        seconds = _bounded(int(ends) - int(begins))
        return cls(seconds, int(begins) + seconds)

    def __str__(self) -> str:
        return str(self.seconds) if self.ends is None else f"{self.ends - self.seconds}-{self.ends}"

    def at(self, now: float) -> Range:
        """Return its seconds now, in whole steps, so that a chart moves on by steps and does not tremble."""
        step = max(1, math.ceil(self.seconds / MOST_POINTS))
        ends = min(int(now), int(now) if self.ends is None else self.ends) // step * step
        return Range(ends - self.seconds // step * step, ends, step)


def _bounded(seconds: int) -> int:
    return min(max(seconds, SHORTEST), SECONDS)
