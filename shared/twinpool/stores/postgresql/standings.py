"""How routes and streams stand: one journey for all routes, and one for all streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from twinpool.ports.standings import RouteStanding, StreamStanding
from twinpool.stores.postgresql.imports import import_ledger_of
from twinpool.stores.postgresql.ledgers import EMPTY_LEDGER, PostgresqlLedgers, export_ledger_of
from twinpool.stores.postgresql.log import NOTHING_PENDING, LogId, PostgresqlLog
from twinpool.stores.progress import UNKNOWN_ROW, progress_row
from twinpool.vocabulary.change import Pending
from twinpool.vocabulary.names import ORIGIN, Instant, Position, Route, Stream

MOST_COUNTED = 4_096  #: change sets; where there are more, what is known of whole spans is made use of
EMPTY = RouteStanding(
    ledger=EMPTY_LEDGER, head=ORIGIN, oldest=ORIGIN, settled=ORIGIN, pending=NOTHING_PENDING, log_bytes=0
)
NO_LOG = LogId(stream_id=-1, number=-1)


class _Counted(NamedTuple):
    """What the statement has counted of a log, each up to a limit."""

    settled: int  #: where the count of those behind begins
    newest: int | None
    behind: int  #: change sets behind what was known to be settled
    last: int | None  #: the last one of them
    pending: int
    changes: int
    bytes: int
    oldest_at: float | None
    logged: int
    log_bytes: int


class PostgresqlStandings(PostgresqlLog, PostgresqlLedgers):
    """How everything stands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._seen: dict[Stream, LogId] = {}  # of which log `_settled` may say something

    def route_standings(self, routes: Sequence[Route]) -> list[RouteStanding]:
        """Return how routes stand; see `Standings.route_standings`."""
        logs = [self._seen.get(route.stream, NO_LOG) for route in routes]
        rows = self._rows(
            "route_standings",
            homes=[route.stream.home for route in routes],
            modules=[route.stream.module for route in routes],
            destinations=[route.destination for route in routes],
            logs=[log.number for log in logs],
            settled=[self._settled.get(log, ORIGIN) for log in logs],
            limit=MOST_COUNTED + 1,
        )
        found = {number: self._route_standing(routes[number - 1], row) for number, *row in rows}
        return [found.get(number, EMPTY) for number in range(1, len(routes) + 1)]

    def stream_standings(self, streams: Sequence[Stream]) -> list[StreamStanding]:
        """Return how streams stand; see `Standings.stream_standings`."""
        homes, modules = [stream.home for stream in streams], [stream.module for stream in streams]
        rows = self._rows("stream_standings", homes=homes, modules=modules)
        found = {
            number: StreamStanding(
                progress=progress_row(tuple(progress)).progress, ledger=import_ledger_of((failure, imported_at))
            )
            for number, failure, imported_at, *progress in rows
        }
        nothing = StreamStanding(progress=UNKNOWN_ROW.progress, ledger=import_ledger_of(None))
        return [found.get(number, nothing) for number in range(1, len(streams) + 1)]

    def _route_standing(self, route: Route, row: list[Any]) -> RouteStanding:
        stream_id, log_number, pruned_to = row[5:8]
        ledger = EMPTY_LEDGER if row[0] is None else export_ledger_of(row[:5])
        log, counted = LogId(stream_id, log_number), _Counted(*row[8:])
        self._seen[route.stream] = log
        return RouteStanding(
            ledger=ledger,
            head=Position(max(pruned_to, counted.newest or ORIGIN)),
            oldest=Position(pruned_to),
            settled=self._settled_by(route.stream, log, counted),
            pending=self._pending_by(route.stream, ledger.acknowledged, counted),
            log_bytes=counted.log_bytes if counted.logged <= MOST_COUNTED else self.log_size(route.stream),
        )

    def _settled_by(self, stream: Stream, log: LogId, counted: _Counted) -> Position:
        """Conclude it where nothing is missing behind what was known, which is nearly always; else look for gaps."""
        last = counted.settled if counted.last is None else counted.last
        if counted.behind > MOST_COUNTED or counted.behind != last - counted.settled:
            return self.settled(stream)
        self._settled[log] = Position(last)
        return Position(last)

    def _pending_by(self, stream: Stream, acknowledged: Position, counted: _Counted) -> Pending:
        if counted.pending > MOST_COUNTED:
            return self.pending(stream, after=acknowledged)
        oldest_at = None if counted.oldest_at is None else Instant(counted.oldest_at)
        return Pending(changes=counted.changes, bytes=counted.bytes, oldest_at=oldest_at)


__all__ = ["PostgresqlStandings"]
