"""What exporters note of their routes, and forced synchronisations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twinpool.stores.postgresql.ground import Ground, storable
from twinpool.vocabulary.names import ORIGIN, Generation, Home, Instant, ModuleName, Position, Route, Stream
from twinpool.vocabulary.states import ExportLedger

EMPTY_LEDGER = ExportLedger(session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None)


def export_ledger_of(row: Sequence[Any]) -> ExportLedger:
    """Read a row of the statement `export_ledger`."""
    session_opened, acknowledged, proven_at, attempted_at, failure = row
    return ExportLedger(
        session_opened=session_opened,
        acknowledged=Position(acknowledged),
        proven_at=None if proven_at is None else Instant(proven_at),
        attempted_at=None if attempted_at is None else Instant(attempted_at),
        failure=failure,
    )


class PostgresqlLedgers(Ground):
    """The export ledgers of all routes."""

    def export_ledger(self, route: Route) -> ExportLedger:
        """Return what was noted; an empty ledger for a new route."""
        stream_id = self._streams.find(route.stream)
        row = self._row("export_ledger", stream=stream_id, destination=route.destination)
        return EMPTY_LEDGER if row is None else export_ledger_of(row)

    def note_opened(self, route: Route, *, acknowledged: Position, generation: Generation) -> None:
        """Note that the importer answered; see `ExportLedgers.note_opened`."""
        self._note("note_opened", route, generation, position=acknowledged)

    def note_acknowledged(self, route: Route, position: Position, *, generation: Generation) -> None:
        """Note an acknowledgement; see `ExportLedgers.note_acknowledged`."""
        self._note("note_acknowledged", route, generation, position=position)

    def note_attempt(self, route: Route, *, failure: str | None, generation: Generation) -> None:
        """Note that something was sent or could not be; see `ExportLedgers.note_attempt`."""
        reason = None if failure is None else storable(failure)
        self._note("note_attempt", route, generation, failure=reason)

    def _note(self, name: str, route: Route, generation: Generation, **parameters: object) -> None:
        stream_id = self._streams.make(route.stream)
        with self._fenced(generation, (name, {"stream": stream_id, "destination": route.destination, **parameters})):
            pass  # that was all


class PostgresqlSyncRequests(Ground):
    """Forced synchronisations, asked of any front end."""

    def request_sync(self, stream: Stream, *, full: bool) -> int:
        """Note a request and return its number; numbers grow."""
        request = {"home": stream.home, "module": stream.module, "whole": full}
        with self._connections.transaction(("lock_sync_requests", {}), ("request_sync", request)) as transaction:
            _, ((number,),) = transaction.begun
        self._notifier.announce()
        return int(number)

    def sync_requests(self, after: int) -> list[tuple[int, Stream, bool]]:
        """Return the requests above a number, oldest first."""
        return [
            (number, Stream(Home(home), ModuleName(module)), whole)
            for number, home, module, whole in self._rows("sync_requests", after=after)
        ]

    def forget_sync_requests(self, up_to: int, *, generation: Generation) -> None:
        """Forget the requests up to a number."""
        with self._fenced(generation, ("forget_sync_requests", {"up_to": up_to})):
            pass  # that was all


__all__ = ["EMPTY_LEDGER", "PostgresqlLedgers", "PostgresqlSyncRequests", "export_ledger_of"]
