"""Holding the lease: a scope that ends when the lease does, or before.

Invariant: while a tenure is not over, no other front end can have taken the lease, judged by our own monotonic
clock from before the call that won or renewed it. *Lost* ends it at once; while the store is *unreachable* we go on
trying and resign before the lease could have expired. The generation fences what a paused process does in spite of it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from twinpool.errors import LeaseLost, StoreUnavailable
from twinpool.ports.store import Leases
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import Generation

log = logging.getLogger(__name__)

HASTE = 0.2  #: seconds between attempts to renew while the store is unreachable
MARGIN = 0.1  #: share of the lease's duration that is left unused when we resign


class Tenure:
    """One term of office of the active front end."""

    def __init__(self, lease: Lease) -> None:
        """Begin it; `end` ends it."""
        self.lease = lease
        self.reason = ""
        self.failed = False  #: it ended by a fault of ours, so that another front end had better be elected
        self._over = threading.Event()

    @property
    def generation(self) -> Generation:
        """Which fences everything that is done in it."""
        return self.lease.generation

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._over.is_set()

    def end(self, reason: str, *, failed: bool = False) -> None:
        """End it; the first reason counts."""
        if not self._over.is_set():
            self.reason, self.failed = reason, failed
            log.info("tenure %d ends: %s", self.generation, reason, extra={"event": "tenure.end", "reason": reason})
        self._over.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is over or the time is; True if it is over."""
        return self._over.wait(seconds)


@contextmanager
def holding(leases: Leases, lease: Lease, duration: timedelta, obtained_at: float) -> Iterator[Tenure]:
    """Keep a lease renewed while the block runs, and give it back after.

    `obtained_at` is the monotonic time from before the call that won it.
    """
    tenure = Tenure(lease)
    keeper = threading.Thread(
        target=_keep, args=(tenure, leases, duration, obtained_at), name="lease-keeper", daemon=True
    )
    keeper.start()
    try:
        yield tenure
    finally:
        tenure.end("the worker has ended")
        keeper.join()
        _give_back(leases, tenure.lease)


def _keep(tenure: Tenure, leases: Leases, duration: timedelta, obtained_at: float) -> None:
    """Renew at a third of the duration until the tenure is over, and end it when that fails."""
    seconds = duration.total_seconds()
    good_until = obtained_at + seconds * (1 - MARGIN)
    pause = seconds / 3
    while not tenure.wait(pause):
        asked_at = time.monotonic()
        if asked_at >= good_until:
            tenure.end("the lease could not be renewed in time")
            return
        try:
            tenure.lease = leases.renew_lease(tenure.lease, duration)
        except LeaseLost as lost:
            tenure.end(f"the lease is lost: {lost}")
        except StoreUnavailable as error:
            log.warning("lease not renewed: %s", error, extra={"event": "lease.unreachable"})
            pause = HASTE
        else:
            good_until, pause = asked_at + seconds * (1 - MARGIN), seconds / 3


def _give_back(leases: Leases, lease: Lease) -> None:
    try:
        leases.release_lease(lease)
    except StoreUnavailable as error:
        log.warning("lease not given back: %s", error, extra={"event": "lease.unreachable"})
