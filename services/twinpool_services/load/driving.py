"""The open loop: what is due is due, whatever became of what came before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from twinpool_services.load.drivers import Driver
from twinpool_services.load.operations import NANO, Operation
from twinpool_services.load.recording import Record

SHOW_EVERY = 0.2  #: seconds


class Schedule:
    """Hands operations out to threads, none before it is due.

    Whoever asks holds the lock until something is due: the others would have nothing to do either.
    """

    def __init__(self, operations: Iterator[Operation], stop: threading.Event) -> None:
        self._operations, self._stop = operations, stop
        self._next = next(operations, None)
        self._guard = threading.Lock()
        self.began_ns = time.monotonic_ns()

    @property
    def elapsed_ns(self) -> int:
        """Nanoseconds since the load began."""
        return time.monotonic_ns() - self.began_ns

    def wait_until(self, seconds: float) -> bool:
        """Wait until so long after the beginning; False if the run is to stop before."""
        return not self._stop.wait(max(0.0, seconds - self.elapsed_ns / NANO))

    def take(self, most: int) -> Sequence[Operation]:
        """Wait until something is due and return it, up to so many; nothing once all is done or the run is to stop."""
        with self._guard:
            while self._next is not None and not self._stop.is_set():
                early = self._next.due_ns - self.elapsed_ns
                if early <= 0:
                    return self._due(most)
                self._stop.wait(early / NANO)
            return ()

    def _due(self, most: int) -> Sequence[Operation]:
        taken: list[Operation] = []
        elapsed = self.elapsed_ns
        while self._next is not None and self._next.due_ns <= elapsed and len(taken) < most:
            taken.append(self._next)
            self._next = next(self._operations, None)
        return taken

    def overdue(self) -> int:
        """Count what is due and was never taken; for the end of a run."""
        elapsed, count = self.elapsed_ns, 0
        with self._guard:
            while self._next is not None and self._next.due_ns <= elapsed:
                count += 1
                self._next = next(self._operations, None)
        return count


class Drive:
    """Threads that write what is due until all is done."""

    def __init__(self, schedule: Schedule, driver: Driver, record: Record) -> None:
        self._schedule, self._driver, self._record = schedule, driver, record
        self._futures: list[Future[None]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write while the block runs; at its end what is under way is finished. Raises what a thread raised."""
        with ThreadPoolExecutor(self._driver.workers, thread_name_prefix="load") as executor:
            self._futures = [executor.submit(self._work, nth) for nth in range(self._driver.workers)]
            yield
        for future in self._futures:
            future.result()

    def is_done(self, seconds: float) -> bool:
        """Wait a while, and say whether all threads have ended, or one has failed."""
        done, rest = wait(self._futures, seconds, FIRST_EXCEPTION)
        return not rest or any(future.exception() for future in done)

    def _work(self, nth: int) -> None:
        with self._driver.hand(nth) as hand:
            while taken := self._schedule.take(self._driver.together):
                outcomes = hand.write(taken)
                self._record.note(taken, outcomes, self._schedule.elapsed_ns)
