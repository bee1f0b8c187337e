"""Reads the pool store every few seconds for those who scrape, so that scraping itself never touches it."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twinpool.errors import StoreUnavailable
from twinpool.stopping import Stop
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.backup import Reading
from twinpool_services.telemetry import catalogue as of
from twinpool_services.telemetry.board import Board, Series
from twinpool_services.telemetry.facts import Facts, replication_series, slow_series

log = logging.getLogger(__name__)

EVERY = 5.0  #: seconds between two readings
SLOW_EVERY = 30.0  #: seconds between two readings of what changes slowly


class Watch:
    """The thread that keeps a board up to date. `run` is its body."""

    def __init__(
        self,
        board: Board,
        pool: PoolFqdn,
        *,
        read: Callable[[], Reading],
        read_slow: Callable[[], Facts],
        places: Mapping[str, Path],
    ) -> None:
        """Read by two functions that raise `StoreUnavailable`; `places` are directories whose disks may fill."""
        self._board, self._pool = board, pool
        self._read, self._read_slow, self._places = read, read_slow, places
        self._slow_at = float("-inf")

    def run(self, stop: Stop) -> None:
        """Read until asked to stop."""
        while not stop.requested:
            self.look()
            stop.wait(EVERY)

    def look(self) -> None:
        """Read once. A store that does not answer is told by its own metric, and the old numbers go."""
        now = time.time()
        own: list[Series] = [(of.READ_AT, {}, now), *self._disks()]
        try:
            reading = self._read()
            self._board.tell("replication", replication_series(reading, self._pool))
            own += [(of.STORE_UP, {}, 1.0), (of.CLOCK_SKEW, {}, reading.as_of - now - reading.seconds / 2)]
            if time.monotonic() - self._slow_at >= SLOW_EVERY:
                self._board.tell("slow", slow_series(self._read_slow()))
                self._slow_at = time.monotonic()
        except StoreUnavailable as error:
            log.debug("not measured: %s", error)
            self._board.tell("replication", ())
            own.append((of.STORE_UP, {}, 0.0))
        self._board.tell("watch", own)

    def _disks(self) -> list[Series]:
        series: list[Series] = []
        for place, path in self._places.items():
            try:
                series.append((of.DISK_FREE, {"place": place}, float(shutil.disk_usage(path).free)))
            except OSError as error:
                log.debug("the disk of %s is not measured: %s", path, error)
        return series
