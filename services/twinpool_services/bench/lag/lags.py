"""What the lags were: from when a change was due until it was seen committed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from twinpool_services.bench.lag.load import Load
from twinpool_services.bench.lag.writing import Written
from twinpool_services.measuring.observing import Seen


def partner_lags(load: Load, written: Written, seen: Sequence[Seen]) -> list[int]:
    """Return the lag of each measured change, in nanoseconds: from its intended time to the partner's commit.

    `seen` must reach the last position.
    """
    reached = [one.position for one in seen]
    return [
        seen[bisect_left(reached, position)].at_ns - written.began_ns - load.due_ns(number)
        for number, position in enumerate(written.positions)
        if number >= load.unmeasured
    ]


def source_lags(load: Load, written: Written) -> list[int]:
    """Return for each measured change how long after its intended time it was durable at the source."""
    lags, number = [], 0
    for count, at_ns in written.committed_ns:
        for one in range(max(number, load.unmeasured), count):
            lags.append(at_ns - written.began_ns - load.due_ns(one))  # noqa: PERF401 - a comprehension in a loop says less
        number = count
    return lags


def achieved_seconds(load: Load, written: Written) -> float:
    """Return how long writing the measured changes took: as long as intended, or longer if the source was too slow."""
    return (written.committed_ns[-1][1] - written.began_ns - load.due_ns(load.unmeasured)) / 1_000_000_000


__all__ = ["achieved_seconds", "partner_lags", "source_lags"]
