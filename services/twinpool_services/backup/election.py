"""Election: every front end of a pool stands for it, and the holder of the lease is the active one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from twinpool.errors import LeaseTaken, StoreUnavailable
from twinpool.ports.store import Leases
from twinpool.stopping import Stop
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.backup.tenure import Tenure, holding

log = logging.getLogger(__name__)

GLANCE = 0.25  #: seconds between looks at a lease that somebody else holds: an orderly stop frees it early
UNREACHABLE_PAUSE = 1.0  #: seconds before an unreachable store is tried again


class Candidate:
    """A front end that stands for election again and again."""

    def __init__(self, leases: Leases, name: FrontEndName, duration: timedelta) -> None:
        """Stand under a name, for leases of a duration."""
        self._leases, self._name, self._duration = leases, name, duration
        self.tenure: Tenure | None = None  #: while we are the active one

    def run(self, work: Callable[[Tenure], None], stop: Stop) -> None:
        """Stand until asked to stop; when elected, do `work`, which returns when the tenure is over."""
        while not stop.requested:
            asked_at = time.monotonic()
            lease = self._stand(stop)
            if lease is not None:
                self._hold_office(lease, asked_at, work)

    def _stand(self, stop: Stop) -> Lease | None:
        """Try once; None after a pause if somebody else is in office or the store does not answer."""
        try:
            current = self._leases.current_lease()
            if current is not None and current.holder != self._name:
                stop.wait(GLANCE)
                return None
            return self._leases.acquire_lease(self._name, self._duration)
        except LeaseTaken as taken:
            stop.wait(min(GLANCE, max(taken.expires_in, 0.01)))
        except StoreUnavailable as error:
            log.warning("cannot stand for election: %s", error, extra={"event": "election.unreachable"})
            stop.wait(UNREACHABLE_PAUSE)
        return None

    def _hold_office(self, lease: Lease, asked_at: float, work: Callable[[Tenure], None]) -> None:
        event = {"event": "lease.acquired", "generation": lease.generation, "holder": self._name}
        log.info("%s is the active front end, generation %d", self._name, lease.generation, extra=event)
        with holding(self._leases, lease, self._duration, asked_at) as tenure:
            self.tenure = tenure
            try:
                work(tenure)
            finally:
                self.tenure = None
