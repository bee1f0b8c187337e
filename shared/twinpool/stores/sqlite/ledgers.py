"""What exporters note of their routes, and requests to synchronise."""

from __future__ import annotations

from twinpool.stores.sqlite.ground import Ground, named
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_stream
from twinpool.vocabulary.names import ORIGIN, Generation, Home, ModuleName, Position, Route, Stream
from twinpool.vocabulary.states import ExportLedger

EMPTY_LEDGER = ExportLedger(session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None)


class SqliteLedgers(Ground):
    """The ledgers of all routes."""

    def export_ledger(self, route: Route) -> ExportLedger:
        """Return what was noted; an empty ledger for a new route."""
        row = self._row("export_ledger", named(route.stream, destination=route.destination))
        if row is None:
            return EMPTY_LEDGER
        session_opened, acknowledged, proven_at, attempted_at, failure = row
        return ExportLedger(
            session_opened=bool(session_opened),
            acknowledged=acknowledged,
            proven_at=proven_at,
            attempted_at=attempted_at,
            failure=failure,
        )

    def note_opened(self, route: Route, *, acknowledged: Position, generation: Generation) -> None:
        """Note that the importer answered; see `ExportLedgers.note_opened`."""
        self._note("note_opened", route, generation, position=acknowledged)

    def note_acknowledged(self, route: Route, position: Position, *, generation: Generation) -> None:
        """Note an acknowledgement; see `ExportLedgers.note_acknowledged`."""
        self._note("note_acknowledged", route, generation, position=position)

    def note_attempt(self, route: Route, *, failure: str | None, generation: Generation) -> None:
        """Note that something was sent or could not be; see `ExportLedgers.note_attempt`."""
        self._note("note_attempt", route, generation, failure=failure)

    def _note(self, name: str, route: Route, generation: Generation, **what: object) -> None:
        check_stream(route.stream)
        with self._fenced(generation) as connection:
            connection.execute(SQL[name], named(route.stream, destination=route.destination, now=self.now(), **what))


class SqliteSyncRequests(Ground):
    """Forced synchronisations."""

    def request_sync(self, stream: Stream, *, full: bool) -> int:
        """Note a request and return its number; numbers grow."""
        check_stream(stream)
        with self._connections.writing() as connection:
            ((number,),) = connection.execute(SQL["request_sync"], named(stream, whole=full)).fetchall()
        self._bell.ring()
        return int(number)

    def sync_requests(self, after: int) -> list[tuple[int, Stream, bool]]:
        """Return the requests above a number, oldest first: (number, stream, full)."""
        return [
            (number, Stream(Home(home), ModuleName(module)), bool(whole))
            for number, home, module, whole in self._rows("sync_requests", {"after": after})
        ]

    def forget_sync_requests(self, up_to: int, *, generation: Generation) -> None:
        """Forget the requests up to a number; they have been taken up."""
        with self._fenced(generation) as connection:
            connection.execute(SQL["forget_sync_requests"], {"up_to": up_to})


__all__ = ["SqliteLedgers", "SqliteSyncRequests"]
