"""The log of change sets, as an exporter reads and prunes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from twinpool.stores.postgresql.backlog import SPAN, Backlog, Middle
from twinpool.stores.postgresql.gaps import Break, Gaps, breaks
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.streams import StreamId
from twinpool.vocabulary.change import ChangeSet, Pending
from twinpool.vocabulary.names import ORIGIN, Generation, Instant, Position, Stream

NOTHING_PENDING = Pending(changes=0, bytes=0, oldest_at=None)


class LogId(NamedTuple):
    """One of the logs that a stream has had."""

    stream_id: StreamId
    number: int


class PostgresqlLog(Ground):
    """The logs of all streams. What may be handed out is decided in `gaps`.

    A stream gets another log with another number when a term begins or ends, and positions of the former one may come
    again. Invariant: what this process remembers is of one log, whose number was read with it or before it; so what
    another process has replaced meanwhile is never asked for any more.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._gaps: defaultdict[LogId, Gaps] = defaultdict(Gaps)
        self._backlogs: defaultdict[LogId, Backlog] = defaultdict(Backlog)
        self._settled: dict[LogId, Position] = {}  # where the search for gaps begins; never too high

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

    def bounds(self, stream: Stream) -> tuple[Position, Position]:
        """Return up to where the log has been pruned, and its newest position, of one moment."""
        row = self._row("bounds", stream=self._streams.find(stream))
        return (ORIGIN, ORIGIN) if row is None else (Position(row[0]), Position(row[1]))

    def settled(self, stream: Stream) -> Position:
        """Return a position up to which everything is committed and visible, or never will be."""
        stream_id = self._streams.find(stream)
        if stream_id is None:
            return ORIGIN
        _, settled = self._settled_log(stream_id)
        return settled

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""
        stream_id = self._streams.find(stream)
        if stream_id is None:
            return NOTHING_PENDING
        log, settled = self._settled_log(stream_id)
        low = max(after, self.oldest(stream))
        middle = self._middle(log, low, settled)
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
        log, settled = (None, ORIGIN) if stream_id is None else self._settled_log(stream_id)
        bounds = {"log": None if log is None else log.number, "up_to": min(up_to, settled), "limit": limit}
        prune = ("prune", {"stream": stream_id, **bounds})
        with self._fenced(generation, prune) as transaction:
            ((row,),) = transaction.begun
        return int(row[0])

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of payload that the log of a stream holds."""
        row = self._row("log_size", stream=self._streams.find(stream))
        return 0 if row is None else int(row[0])

    def _middle(self, log: LogId, after: Position, settled: Position) -> Middle:
        backlog = self._backlogs[log]
        middle = backlog.middle(after, settled)
        if middle.missing is None:
            return middle
        first, end = middle.missing
        totals = self._rows("span_totals", stream=log.stream_id, span=SPAN, first=first * SPAN, end=end * SPAN)
        backlog.learn(middle.missing, ((number, changes, size) for number, changes, size in totals))
        return backlog.middle(after, settled)

    def _usable(self, stream_id: StreamId, after: Position, rows: Sequence[tuple[Any, ...]]) -> int:
        """Return how many of the collected rows lie before the first open gap."""
        if not rows:
            return 0
        positions = [row[0] for row in rows]
        xmin, number = rows[0][4:]
        gap = self._first_open(LogId(stream_id, number), list(breaks(after, positions)), positions[-1], xmin)
        return len(rows) if gap is None else positions.index(gap.behind)

    def _settled_log(self, stream_id: StreamId) -> tuple[LogId, Position]:
        """Return which log the stream has, and up to where it is settled."""
        while True:
            ((pruned_to, number),) = self._rows("oldest", stream=stream_id)
            log = LogId(stream_id, number)
            settled = self._settle_on(log, max(self._settled.get(log, ORIGIN), pruned_to))
            if settled is not None:
                self._settled[log] = settled
                return log, settled

    def _settle_on(self, log: LogId, known: Position) -> Position | None:
        """Return what is settled of a log behind a settled position, None if it is not the stream's any more."""
        first = self._settle(log, known)
        if first is None:
            return None
        settled, open_gap = first
        if not open_gap:
            return settled
        second = self._settle(log, settled)
        return None if second is None else second[0]

    def _settle(self, log: LogId, after: Position) -> tuple[Position, bool] | None:
        """Return what is settled behind a settled position, and whether a gap ends it; None if the log is gone."""
        extent = self._row("extent", stream=log.stream_id, log=log.number, after=after)
        if extent is None:
            return None
        count, last = extent
        if count == (last or after) - after:
            return last or after, False  # nearly always: nothing is missing
        rows = self._rows("breaks", stream=log.stream_id, log=log.number, after=after)
        if not rows:
            return None
        *found, (end, _, xmin) = rows
        if end is None:
            return after, False
        gap = self._first_open(log, [Break(before=row[0], behind=row[1]) for row in found], end, xmin)
        return (end, False) if gap is None else (gap.before, True)

    def _first_open(self, log: LogId, found: list[Break], seen: Position, xmin: int) -> Break | None:
        """Return the first gap that may still be filled; if it is a new one, draw the id that will decide it."""
        gaps = self._gaps[log]
        gap = gaps.first_open(found, xmin)
        if gap is not None and not gaps.is_known(gap):
            bound = self._row("take_transaction_id")
            assert bound is not None, "a transaction id is always given"  # noqa: S101
            gaps.note(seen, bound[0])
        return gap


__all__ = ["PostgresqlLog"]
