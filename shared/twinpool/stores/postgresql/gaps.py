"""Which part of the log may be handed out, although transactions do not commit in the order of their positions.

A position is taken before its transaction commits. So a reader may see position 7 while 5 and 6 are missing:
either their transactions still run and will commit, and then nobody must have gone past them; or they were rolled
back, and then nobody must wait for them.

What decides it:

1. A writing transaction has its id before it takes a position (`take_transaction_id`), and positions are taken in
   order. So when 7 is visible, whoever took 5 or 6 has had an id since before 7 was taken.
2. An id that is drawn after 7 was seen (the *bound*) is above all of theirs, for ids are drawn in order.
3. A snapshot whose `xmin` has reached the bound sees the end of every transaction below it. What is missing in
   *that* snapshot below 7 was rolled back.

The bound must be drawn (`pg_current_xact_id`). The `xmax` of the snapshot that showed the gap will not do, although
it reads like it: it is one above the newest *completed* transaction, so a running one may well have an id at or
above it. With ids 100 (committed position 7) and 101 (still holds position 6) the snapshot says xmin = xmax = 101.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twinpool.vocabulary.names import ORIGIN, Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A place in the log where positions are missing."""

    before: Position  #: the last position before the missing ones
    behind: Position  #: the first visible position behind them


@dataclass(frozen=True, slots=True, kw_only=True)
class Watermark:
    """Proof to come: every position below `ceiling` was taken by a transaction with an id below `bound`."""

    ceiling: Position
    bound: int


def breaks(after: Position, positions: Sequence[Position]) -> Iterator[Break]:
    """Find where positions are missing behind `after`."""
    if not positions or positions[-1] - after == len(positions):
        return  # nearly always: nothing is missing
    for before, behind in pairwise((after, *positions)):
        if behind != before + 1:
            yield Break(before=before, behind=behind)


class Gaps:
    """What is known about the gaps of one stream.

    Invariant: a position is passed over only in a snapshot whose `xmin` has reached the bound of a watermark above
    it. Each call judges by the snapshot of its own rows, so that callers on several threads, with older and
    newer snapshots, cannot mislead each other.
    """

    def __init__(self) -> None:
        self._marks: list[Watermark] = []  # ceilings and bounds both grow
        self._lock = threading.Lock()

    def first_open(self, found: Iterable[Break], xmin: int) -> Break | None:
        """Return the first break that may still be filled, as rows of a snapshot with this `xmin` show it."""
        decided = self._decided(xmin)
        return next((gap for gap in found if gap.behind > decided), None)

    def is_known(self, gap: Break) -> bool:
        """Say whether a watermark above the gap was noted, so that time alone will decide it."""
        with self._lock:
            return any(mark.ceiling >= gap.behind for mark in self._marks)

    def note(self, ceiling: Position, bound: int) -> None:
        """Note a transaction id that was drawn after `ceiling` was seen."""
        with self._lock:
            if not self._marks or (ceiling > self._marks[-1].ceiling and bound > self._marks[-1].bound):
                self._marks.append(Watermark(ceiling=ceiling, bound=bound))

    def _decided(self, xmin: int) -> Position:
        """Return below which position nothing is open any more; forget the watermarks that say less."""
        with self._lock:
            passed = [mark for mark in self._marks if mark.bound <= xmin]
            if not passed:
                return ORIGIN
            self._marks = [mark for mark in self._marks if mark.ceiling >= passed[-1].ceiling]
            return passed[-1].ceiling


__all__ = ["Break", "Gaps", "Watermark", "breaks"]
