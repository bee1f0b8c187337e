"""The time by a store's clock, for what tells it often and need not know it to the millisecond."""

from __future__ import annotations

import time
from collections.abc import Callable

from twinpool.vocabulary.names import Instant

FRESH_FOR = 1.0  #: seconds that a reading is good for; a clock that is set is noticed so much later


class StoreClock:
    """Asks the store each second, and counts on by our own monotonic clock: to ask is a journey to the server.

    Not for leases and whatever else is decided by the time; those ask the store itself. Used by one thread.
    """

    def __init__(self, ask: Callable[[], Instant], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Ask nothing yet."""
        self._ask, self._monotonic = ask, monotonic
        self._asked_at = float("-inf")
        self._told = Instant(0.0)

    def now(self) -> Instant:
        """Return the time, behind by the last answer's way back at most. Raises `StoreUnavailable`."""
        since = self._monotonic() - self._asked_at
        if since < FRESH_FOR:
            return Instant(self._told + since)
        self._told = self._ask()
        self._asked_at = self._monotonic()
        return self._told
