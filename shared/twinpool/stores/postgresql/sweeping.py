"""Deleting record sets that nobody reads any more, in small steps beside everything else."""

from __future__ import annotations

import logging
import threading

from twinpool.errors import StoreUnavailable
from twinpool.stores.postgresql.connections import Connections
from twinpool.stores.postgresql.statements import SQL

log = logging.getLogger(__name__)

STEP = 5_000  #: records that one transaction deletes, so that none is long
RETRY_SECONDS = 5.0  #: pause after the store was away


class Sweeper:
    """A thread that is started when it is first needed and sleeps while nothing is discarded.

    What is to be deleted stands in the store, so a sweep that a crash cut short is taken up by whoever sweeps next;
    two that sweep at once only do each other's work.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def sweep_soon(self) -> None:
        """Have all that is discarded deleted in the background."""
        self._wanted.set()
        with self._lock:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="twinpool-sweeper", daemon=True)
                self._thread.start()

    def sweep(self) -> None:
        """Delete all that is discarded, now. Raises `StoreUnavailable`."""
        for set_id in self._discarded():
            while not self._stopped.is_set() and self._delete_some(set_id):
                pass

    def close(self) -> None:
        """Stop after the step under way."""
        self._stopped.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopped.is_set():
            self._wanted.clear()
            try:
                self.sweep()
            except StoreUnavailable as error:
                log.warning("sweeping will go on later: %s", error, extra={"event": "store.sweep.delayed"})
                self._stopped.wait(RETRY_SECONDS)
                self._wanted.set()

    def _discarded(self) -> list[int]:
        with self._connections.session() as connection:
            return [set_id for (set_id,) in connection.execute(SQL["discarded_sets"]).fetchall()]

    def _delete_some(self, set_id: int) -> int:
        with self._connections.session() as connection:
            deleted = connection.execute(SQL["sweep_set"], {"set": set_id, "limit": STEP}).rowcount
            if not deleted:
                connection.execute(SQL["forget_set"], {"set": set_id})
        return deleted


__all__ = ["Sweeper"]
