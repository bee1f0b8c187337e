"""How routes and streams stand, for those who only look: many at once, for each journey to a store costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twinpool.vocabulary.change import Pending
from twinpool.vocabulary.names import Position, Route, Stream
from twinpool.vocabulary.session import ImportProgress
from twinpool.vocabulary.states import ExportLedger, ImportLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStanding:
    """What the store has about a route that this pool feeds."""

    ledger: ExportLedger
    head: Position
    oldest: Position  #: up to here the log has been pruned
    settled: Position  #: up to here everything is committed and visible, or never will be
    pending: Pending  #: behind what is acknowledged
    log_bytes: int  #: of payload that the log holds


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStanding:
    """What the store has about a stream that this pool is fed."""

    progress: ImportProgress
    ledger: ImportLedger


class Standings(Protocol):
    """Reading how everything stands. Raises `StoreUnavailable`.

    Of each route the ledger is of no later moment than all else: what it calls acknowledged was committed then, so
    where that is the head, nothing was missing at the moment of the head (guarantee 6).
    """

    def route_standings(self, routes: Sequence[Route]) -> list[RouteStanding]:
        """Return how routes stand, in the same order; of one that nothing was ever stored about, that it is empty."""

    def stream_standings(self, streams: Sequence[Stream]) -> list[StreamStanding]:
        """Return how streams stand, in the same order, likewise."""
