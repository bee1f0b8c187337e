"""Scenarios again and again, each time with another seed, until something breaks or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from twinpool_services.chaos.judging import Verdict
from twinpool_services.chaos.scenario.model import Scenario

RunAll = Callable[[Sequence[Scenario], int], Iterable[Verdict]]


def soaked(
    run_all: RunAll,
    scenarios: Sequence[Scenario],
    seed: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Verdict]:
    """Yield each verdict; the first one that is bad is the last.

    A round that was begun within the time is finished: what has been broken is judged as well.
    """
    ends = clock() + seconds
    while True:
        for verdict in run_all(scenarios, seed):
            yield verdict
            if verdict.word not in {"passed", "skipped"}:
                return
        seed += 1
        if clock() >= ends:
            return
