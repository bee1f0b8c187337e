"""Finding the fewest faults that make a schedule fail, so that its story can be read."""

from __future__ import annotations

from twinpool.simulation.cast import Cast
from twinpool.simulation.schedule import Outcome, play

MOST_REPLAYS = 400


def shrink(failing: Outcome, cast: Cast) -> Outcome:
    """Spare ever more of a failing schedule's faults while it still fails; return its traced outcome.

    Faults are spared in halves, then in ever smaller groups (delta debugging).
    """
    spared: frozenset[int] = frozenset()
    kept = [strike.index for strike in failing.strikes]
    size, replays = max(1, len(kept) // 2), 0
    while size and kept and replays < MOST_REPLAYS:
        start = 0
        while start < len(kept) and replays < MOST_REPLAYS:
            replays += 1
            trial = spared | frozenset(kept[start : start + size])
            outcome = play(failing.seed, cast, spared=trial)
            if outcome.violation is None or len(outcome.strikes) >= len(kept):
                start += size
            else:  # What comes after may have become another story, with other faults, but with fewer of them.
                spared, kept = trial, [strike.index for strike in outcome.strikes]
        size //= 2
    return play(failing.seed, cast, spared=spared, traced=True)


def story(outcome: Outcome, lines: int = 120) -> str:
    """Tell a failing schedule: how to replay it, its faults, and the last lines of its trace."""
    faults = ", ".join(strike.kind for strike in outcome.strikes) or "none"
    told = [f"seed {outcome.seed}: {outcome.violation}", f"replay it with: ./scripts/test --seed {outcome.seed}"]
    told += [f"fewest faults found ({len(outcome.strikes)}): {faults}", *outcome.trace[-lines:]]
    return "\n".join(told)
