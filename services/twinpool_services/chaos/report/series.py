"""What the picture shows, as plain series."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinpool_services.chaos.history import History, Outcome

STEP = 0.5  #: seconds of a column of the load

#: Worst first; of a pool's modules the worst is shown.
STATES = ("ErrorState", "NonSteadyState", "SteadyState", "FinalState", "NotInitialized")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time with a word."""

    began: float
    ended: float
    word: str


def end_of(history: History) -> float:
    """Return when the last thing happened."""
    times = [one.completed for one in history.operations] + [one.ended for one in history.samples]
    return max([1.0, *times, *(span.ended for span in history.faults)])


def load_of(history: History) -> Mapping[Outcome, Sequence[int]]:
    """Count the writes that ended in each step, by outcome."""
    steps = math.ceil(end_of(history) / STEP) + 1
    counts = {outcome: Counter[int]() for outcome in Outcome}
    for one in history.operations:
        if one.is_write:
            counts[one.outcome][int(one.completed / STEP)] += 1
    return {outcome: [count[step] for step in range(steps)] for outcome, count in counts.items()}


def lag_of(history: History, pool: str) -> list[tuple[float, int]]:
    """Return the pending changes of a pool over time."""
    return [
        (sample.ended, one.pending)
        for sample in history.samples
        for one in sample.pools
        if one.pool == pool and one.pending is not None
    ]


def states_of(history: History, pool: str) -> list[Span]:
    """Return the worst export state that a pool reported over time; `silent` where it told nothing."""
    seen = []
    for sample in history.samples:
        for one in sample.pools:
            if one.pool == pool:
                states = set(one.export.values()) if one.export is not None else set()
                seen.append((sample.asked, next((state for state in STATES if state in states), "silent")))
    return spans(seen, end_of(history))


def serving_of(history: History, home: str) -> list[Span]:
    """Return which pool answered the writes of a home over time, with the term."""
    answered = sorted(
        (one.completed, f"{one.pool} (term {one.term})")
        for one in history.operations
        if one.home == home and one.is_write and one.outcome is Outcome.OK
    )
    return spans(answered, max((at for at, _ in answered), default=0.0))


def actives_of(history: History, pool: str) -> list[Span]:
    """Return which front end of a pool was the active one over time."""
    end = end_of(history)
    found = [one for one in history.tenures if one.front_end.partition(".")[2] == pool]
    ordered = sorted(found, key=lambda one: one.generation)
    result = []
    for number, one in enumerate(ordered):
        following = ordered[number + 1].began if number + 1 < len(ordered) else end
        until = min(one.ended if one.ended is not None else following, end)
        result.append(
            Span(began=max(0.0, one.began), ended=until, word=f"{one.front_end.partition('.')[0]} g{one.generation}")
        )
    return [span for span in result if span.ended > span.began]


def spans(seen: Sequence[tuple[float, str]], end: float) -> list[Span]:
    """Join what follows on itself.

    >>> spans([(0.0, "a"), (1.0, "a"), (2.0, "b")], 3.0)
    [Span(began=0.0, ended=2.0, word='a'), Span(began=2.0, ended=3.0, word='b')]
    """
    result: list[Span] = []
    for at, word in seen:
        if result and result[-1].word == word:
            continue
        if result:
            result[-1] = Span(began=result[-1].began, ended=at, word=result[-1].word)
        result.append(Span(began=at, ended=end, word=word))
    return result
