"""How much is pending, without counting a long backlog again each time."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from twinpool.vocabulary.names import Position

SPAN = 8_192  #: positions that are counted together


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """The part of a backlog that whole, settled spans make up."""

    begin: int  #: its first position
    end: int  #: the position behind it; equal to `begin` if the backlog is too short to have a middle
    changes: int
    bytes: int
    missing: tuple[int, int] | None  #: spans (first, end) that have to be counted before the sums are right


class Backlog:
    """Remembers the sums of the whole spans of one stream that lie behind a position.

    Invariant: a span is remembered only once everything in it is settled, so that its sum never changes. Pruning
    takes spans away only at the front, which callers tell by the position that they count from.
    """

    def __init__(self) -> None:
        self._sums: dict[int, tuple[int, int]] = {}  # by number of the span: changes, bytes
        self._lock = threading.Lock()

    def middle(self, after: Position, settled: Position) -> Middle:
        """Return the middle of what lies behind a position, as far as it is known."""
        first = after // SPAN + 1
        end = max(first, (settled + 1) // SPAN)
        with self._lock:
            self._sums = {number: sums for number, sums in self._sums.items() if number >= first}
            unknown = [number for number in range(first, end) if number not in self._sums]
            known = [self._sums[number] for number in range(first, end) if number in self._sums]
        return Middle(
            begin=first * SPAN,
            end=end * SPAN,
            changes=sum(changes for changes, _ in known),
            bytes=sum(size for _, size in known),
            missing=(unknown[0], unknown[-1] + 1) if unknown else None,
        )

    def learn(self, spans: tuple[int, int], totals: Iterable[tuple[int, int, int]]) -> None:
        """Remember the sums of spans (first, end), of which totals has those that are not empty."""
        learnt = dict.fromkeys(range(*spans), (0, 0))  # a span may be all rolled back
        learnt |= {number: (changes, size) for number, changes, size in totals}
        with self._lock:
            self._sums |= learnt


__all__ = ["SPAN", "Backlog", "Middle"]
