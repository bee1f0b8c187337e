"""Scales of charts: round numbers at the side, round times below."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime

_TIME_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600)
MOST_TIMES = 6


def round_up(number: float) -> float:
    """Return the next of 1, 2, 2.5 and 5, times a power of ten; 1 for nothing.

    >>> round_up(0.0), round_up(3.0), round_up(0.012), round_up(90.0)
    (1.0, 5.0, 0.02, 100.0)
    """
    if number <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(number))
    return next(round(power * each, 12) for each in (1, 2, 2.5, 5, 10) if power * each >= number * (1 - 1e-9))


def times(begins: int, ends: int) -> Iterator[tuple[int, str]]:
    """Yield a few round times within a range, as they are written below a chart, in UTC."""
    step = next((each for each in _TIME_STEPS if (ends - begins) / each <= MOST_TIMES), _TIME_STEPS[-1])
    for at in range(-(-begins // step) * step, ends + 1, step):
        yield at, datetime.fromtimestamp(at, UTC).strftime("%H:%M" if step >= 60 else "%H:%M:%S")
