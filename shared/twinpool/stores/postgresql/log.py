"""The log of change sets, as an exporter reads and prunes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from twinpool.stores.postgresql.backlog import SPAN, Backlog, Middle
from twinpool.stores.postgresql.gaps import Break, Gaps, breaks
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.streams import StreamId
from twinpool.vocabulary.change import ChangeSet, Pending
from twinpool.vocabulary.names import ORIGIN, Generation, Instant, Position, Stream

NOTHING_PENDING = Pending(changes=0, bytes=0, oldest_at=None)


class PostgresqlLog(Ground):
    """The logs of all streams. What may be handed out is decided in `gaps`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._gaps: defaultdict[StreamId, Gaps] = defaultdict(Gaps)
        self._backlogs: defaultdict[StreamId, Backlog] = defaultdict(Backlog)
        self._settled: dict[StreamId, Position] = {}  # where the search for gaps begins; never too high

    def head(self, stream: Stream) -> Position:
        """Return the position of the newest committed change set ever; ORIGIN if none."""
        row = self._row("head", stream=self._streams.find(stream))
        return ORIGIN if row is None else Position(row[0])

    def oldest(self, stream: Stream) -> Position:
        """Return up to where the log has been pruned; ORIGIN if never."""
        row = self._row("oldest", stream=self._streams.find(stream))
        return ORIGIN if row is None else Position(row[0])

    def collect(self, stream: Stream, *, after: Position, max_changes: int, max_bytes: int) -> list[ChangeSet]:
        """Return consecutive change sets after a position; see `ChangeLog.collect`."""
        stream_id = self._streams.find(stream)
        if stream_id is None:
            return []
        limits = {"max_changes": max(1, max_changes), "max_bytes": max_bytes}
        rows = self._rows("collect", stream=stream_id, after=after, **limits)
        usable = self._usable(stream_id, after, rows)
        if rows and not usable:
            # A gap at the very front. If its transactions were rolled back, a second look tells, and nobody waits.
            rows = self._rows("collect", stream=stream_id, after=after, **limits)
            usable = self._usable(stream_id, after, rows)
        return [ChangeSet(*row[:4]) for row in rows[:usable]]

    def settled(self, stream: Stream) -> Position:
        """Return a position up to which everything is committed and visible, or never will be."""
        stream_id = self._streams.find(stream)
        if stream_id is None:
            return ORIGIN
        known = max(self._settled.get(stream_id, ORIGIN), self.oldest(stream))
        settled, open_gap = self._settle(stream_id, known)
        if open_gap:
            settled, _ = self._settle(stream_id, settled)
        self._settled[stream_id] = settled
        return settled

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""
        stream_id = self._streams.find(stream)
        if stream_id is None:
            return NOTHING_PENDING
        low = max(after, self.oldest(stream))
        middle = self._middle(stream_id, low, self.settled(stream))
        (ends,) = self._rows("pending", stream=stream_id, after=low, known_from=middle.begin, known_to=middle.end)
        oldest = self._row("oldest_pending", stream=stream_id, after=low)
        return Pending(
            changes=middle.changes + ends[0],
            bytes=middle.bytes + ends[1],
            oldest_at=None if oldest is None else Instant(oldest[0]),
        )

    def prune(self, stream: Stream, *, up_to: Position, generation: Generation, limit: int = 10_000) -> int:
        """Forget up to `limit` of the oldest change sets at or below a position; return how many went.

        Never past what is settled: a change set that commits later must not find itself below `oldest`.
        """
        stream_id = self._streams.find(stream)
        bound = ORIGIN if stream_id is None else min(up_to, self.settled(stream))
        prune = ("prune", {"stream": stream_id, "up_to": bound, "limit": limit})
        with self._fenced(generation, prune) as transaction:
            ((row,),) = transaction.begun
        return int(row[0])

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of payload that the log of a stream holds."""
        row = self._row("log_size", stream=self._streams.find(stream))
        return 0 if row is None else int(row[0])

    def _middle(self, stream_id: StreamId, after: Position, settled: Position) -> Middle:
        backlog = self._backlogs[stream_id]
        middle = backlog.middle(after, settled)
        if middle.missing is None:
            return middle
        first, end = middle.missing
        totals = self._rows("span_totals", stream=stream_id, span=SPAN, first=first * SPAN, end=end * SPAN)
        backlog.learn(middle.missing, ((number, changes, size) for number, changes, size in totals))
        return backlog.middle(after, settled)

    def _usable(self, stream_id: StreamId, after: Position, rows: Sequence[tuple[Any, ...]]) -> int:
        """Return how many of the collected rows lie before the first open gap."""
        if not rows:
            return 0
        positions = [row[0] for row in rows]
        gap = self._first_open(stream_id, list(breaks(after, positions)), positions[-1], rows[0][4])
        return len(rows) if gap is None else positions.index(gap.behind)

    def _settle(self, stream_id: StreamId, after: Position) -> tuple[Position, bool]:
        """Return what is settled behind a settled position, and whether a gap ends it."""
        ((count, last),) = self._rows("extent", stream=stream_id, after=after)
        if count == (last or after) - after:
            return last or after, False  # nearly always: nothing is missing
        *found, (end, _, xmin) = self._rows("breaks", stream=stream_id, after=after)
        if end is None:
            return after, False
        gap = self._first_open(stream_id, [Break(before=row[0], behind=row[1]) for row in found], end, xmin)
        return (end, False) if gap is None else (gap.before, True)

    def _first_open(self, stream_id: StreamId, found: list[Break], seen: Position, xmin: int) -> Break | None:
        """Return the first gap that may still be filled; if it is a new one, draw the id that will decide it."""
        gaps = self._gaps[stream_id]
        gap = gaps.first_open(found, xmin)
        if gap is not None and not gaps.is_known(gap):
            bound = self._row("take_transaction_id")
            assert bound is not None, "a transaction id is always given"  # noqa: S101
            gaps.note(seen, bound[0])
        return gap


__all__ = ["PostgresqlLog"]
