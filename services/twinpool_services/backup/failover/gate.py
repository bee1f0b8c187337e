"""The gate before client writes: a pool that has been away takes none before it is known who serves now.

The store's own fence (who serves, in which mode) is exact for what this pool durably knows. What it cannot know is
what the partner decided while this pool was away. So every front end begins with its gate shut, and opens it when the
active front end has settled that with the partner, or has waited for it long enough.

Invariant: no write is let in later than `LAPSE` seconds after the last look at what the active front end has found
out. A process that was halted for longer, or whose store was out of reach, has been away like one that was not running:
the clock that is compared goes on while processes, and machines, are halted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from twinpool.errors import HomeInDoubt, StoreUnavailable
from twinpool.ports.terms import Operations
from twinpool.stopping import Stop
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Home
from twinpool_services.backup.failover.papers import Papers, Standings

log = logging.getLogger(__name__)

LAPSE = 5.0  #: seconds without a look after which a front end has been away
LOOK = 0.25  #: seconds between two looks
HASTE = 0.05  #: seconds between them while the gate is shut

NOT_ASKED = "it is not known yet who serves it: the partner is being asked"


class GateStore(Operations, Protocol):
    """What the gate reads of the pool store."""

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""


def boottime() -> float:
    """Return seconds of a clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ServingGate:
    """One front end's. `watch` is the body of its thread; everything else may be called on any."""

    def __init__(self, store: GateStore, homes: Iterable[Home], clock: Callable[[], float] = boottime) -> None:
        """Begin shut for these homes; others are none of its business."""
        self._store, self._papers, self._clock = store, Papers(store), clock
        self._homes = tuple(homes)
        self._doubts = dict.fromkeys(self._homes, NOT_ASKED)
        self._present = False  # the pool has not been away, as far as this process can tell
        self._good_until = float("-inf")

    def check(self, home: Home) -> None:
        """Let a write through. Raises `HomeInDoubt`."""
        if home not in self._doubts and self._clock() <= self._good_until:
            return
        raise HomeInDoubt(home, self.doubt(home))

    def doubt(self, home: Home) -> str:
        """Say why a home takes no writes, as far as the gate knows; empty if it may."""
        if self._clock() > self._good_until:
            return NOT_ASKED
        return self._doubts.get(home, "")

    @property
    def is_settled(self) -> bool:
        """Whether this pool has not been away since it was last settled who serves."""
        return self._present and self._clock() <= self._good_until

    def watch(self, stop: Stop) -> None:
        """Look again and again until asked to stop."""
        while not stop.requested:
            self.look()
            stop.wait(LOOK if self._present and not self._doubts else HASTE)

    def look(self) -> None:
        """Learn what the active front end has found out."""
        began = self._clock()
        if began > self._good_until:
            self._present = False
        try:
            standings, lease = self._papers.standings(), self._store.current_lease()
        except StoreUnavailable as error:
            log.debug("standings not read: %s", error)  # It shuts by itself when this goes on.
            return
        self._judge(standings, lease)
        self._good_until = began + LAPSE

    def _judge(self, standings: Standings | None, lease: Lease | None) -> None:
        in_office = standings is not None and lease is not None and lease.generation == standings.generation
        if standings is None or not (self._present or in_office):
            self._doubts = dict.fromkeys(self._homes, NOT_ASKED)
            return
        doubts = {home: standings.doubts[home] for home in self._homes if home in standings.doubts}
        if not self._present:
            doubts |= dict.fromkeys((home for home in self._homes if home in standings.unsettled), NOT_ASKED)
            self._present = not any(home in standings.unsettled for home in self._homes)
        self._doubts = doubts
