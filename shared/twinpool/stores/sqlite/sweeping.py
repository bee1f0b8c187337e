"""Deleting record sets that nobody reads any more, in small steps beside everything else."""

from __future__ import annotations

import logging
import threading

from twinpool.errors import StoreUnavailable
from twinpool.stores.sqlite.connections import Connections
from twinpool.stores.sqlite.statements import SQL

log = logging.getLogger(__name__)

STEP = 2_000  #: records that one transaction deletes, so that none keeps writers waiting for long
PAUSE_SECONDS = 0.002  #: between steps, so that writers who wait come first
RETRY_SECONDS = 5.0  #: pause after the store was away


class Sweeper:
    """A thread that is started when it is first needed and ends when nothing is left to delete.

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
        with self._lock:
            self._wanted.set()
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="twinpool-sweeper", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop after the step under way."""
        self._stopped.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while self._goes_on():
            try:
                self._sweep()
            except StoreUnavailable as error:
                if self._stopped.wait(RETRY_SECONDS):
                    return
                log.info("sweeping goes on after: %s", error, extra={"event": "store.sweep.delayed"})
                self._wanted.set()

    def _goes_on(self) -> bool:
        """Decide under the lock, so that no wish comes between finding none and ending."""
        with self._lock:
            if self._wanted.is_set() and not self._stopped.is_set():
                self._wanted.clear()
                return True
            self._thread = None
            return False

    def _sweep(self) -> None:
        with self._connections.reading() as connection:
            discarded = [set_id for (set_id,) in connection.execute(SQL["discarded_sets"]).fetchall()]
        for set_id in discarded:
            while not self._stopped.is_set() and self._delete_some(set_id):
                self._stopped.wait(PAUSE_SECONDS)

    def _delete_some(self, set_id: int) -> int:
        with self._connections.writing() as connection:
            deleted = connection.execute(SQL["sweep_set"], {"set": set_id, "limit": STEP}).rowcount
            if not deleted:
                connection.execute(SQL["forget_set"], {"set": set_id})
        return deleted


__all__ = ["Sweeper"]
