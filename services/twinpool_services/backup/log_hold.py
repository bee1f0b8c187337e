"""Keeping the log of a stream for one who reads it beside the exporters, an export of user data above all.

What all importers have is forgotten within a second, too soon for a walk over a million records. A reader notes, as an
exporter does of its importer, how far it has come: as a route to a destination that no pool can be. A hold that is not
kept up ends by itself, so that a reader that dies keeps nothing for ever; and retention counts more than any hold, so a
reader has to look whether the log is whole all the same.
"""

from __future__ import annotations

from typing import Protocol

from twinpool.errors import LeaseLost, Transient
from twinpool.ports.store import ExportLedgers
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Instant, PoolFqdn, Position, Route, Stream

HOLD_SECONDS = 15.0  #: how long a hold lasts that is not kept up

_NOWHERE = PoolFqdn("#reader")  # no pool's name has a `#`
_RELEASED = Position(2**62)


class HeldStore(ExportLedgers, Protocol):
    """What a hold needs of the pool store."""

    def now(self) -> Instant:
        """Return the time by the store's clock."""

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""


class DatedLedgers(ExportLedgers, Protocol):
    """What tells whether there is a hold."""

    def now(self) -> Instant:
        """Return the time by the store's clock."""


def held_from(store: DatedLedgers, stream: Stream) -> Position | None:
    """Return the position after which the log of a stream is to be kept for a reader, None if nobody reads it."""
    ledger = store.export_ledger(Route(stream, _NOWHERE))
    if ledger.proven_at is None or ledger.acknowledged >= _RELEASED:
        return None
    return ledger.acknowledged if abs(store.now() - ledger.proven_at) < HOLD_SECONDS else None


class LogHold:
    """One reader's hold. Where nobody holds the pool's lease, nobody forgets anything, and nothing is noted."""

    def __init__(self, store: HeldStore, stream: Stream) -> None:
        """Hold nothing yet."""
        self._store, self._route = store, Route(stream, _NOWHERE)

    def take(self, after: Position) -> None:
        """Keep what comes after a position. Raises `Transient` while there is another reader."""
        if held_from(self._store, self._route.stream) is not None:
            raise Transient(f"somebody else reads the log of {self._route.stream}; try again when that is done")
        self.keep(after)

    def keep(self, after: Position) -> None:
        """Go on keeping what comes after a position; to be called at least every few seconds."""
        lease = self._store.current_lease()
        if lease is None:
            return
        try:
            self._store.note_opened(self._route, acknowledged=after, generation=lease.generation)
        except LeaseLost as error:
            raise Transient("the active front end of the pool has just changed; try again") from error

    def release(self) -> None:
        """Let the log be forgotten again."""
        try:
            self.keep(_RELEASED)
        except Transient:
            return  # It ends by itself.


__all__ = ["HOLD_SECONDS", "LogHold", "held_from"]
