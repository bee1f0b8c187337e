"""Time, as a need."""

from __future__ import annotations

from typing import Protocol

from twinpool.vocabulary.names import Instant


class Clock(Protocol):
    """Tells the time of day and measures spans."""

    def now(self) -> Instant:
        """Wall-clock time; may jump."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never jumps."""
