"""How routes and streams stand, put together from what a store tells one by one: for stores to which no way leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twinpool.ports.standings import RouteStanding, StreamStanding
from twinpool.ports.store import ChangeLog, ExportLedgers, Imports
from twinpool.vocabulary.names import Route, Stream


class _Parts(ChangeLog, ExportLedgers, Imports, Protocol):
    """What it is put together from."""


class StandingsByParts:
    """Fulfils `Standings`."""

    def route_standings(self: _Parts, routes: Sequence[Route]) -> list[RouteStanding]:
        """Return how routes stand; see `Standings.route_standings`."""
        return [route_standing(self, route) for route in routes]

    def stream_standings(self: _Parts, streams: Sequence[Stream]) -> list[StreamStanding]:
        """Return how streams stand; see `Standings.stream_standings`."""
        return [
            StreamStanding(progress=self.import_progress(stream), ledger=self.import_ledger(stream))
            for stream in streams
        ]


def route_standing(parts: _Parts, route: Route) -> RouteStanding:
    """Return how a route stands; the ledger is read first."""
    ledger = parts.export_ledger(route)
    return RouteStanding(
        ledger=ledger,
        head=parts.head(route.stream),
        oldest=parts.oldest(route.stream),
        settled=parts.settled(route.stream),
        pending=parts.pending(route.stream, after=ledger.acknowledged),
        log_bytes=parts.log_size(route.stream),
    )


__all__ = ["StandingsByParts", "route_standing"]
