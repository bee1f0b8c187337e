"""Clients that write to whichever pool serves a home, at a fixed rate, and note what they were told and when."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from twinpool_services.bench.failing import BenchFailed

TAKEN = frozenset({200, 201})
MISDIRECTED, NOT_NOW = 421, 503
PAUSE = 0.005  #: seconds until a refused write is tried elsewhere
TIMEOUT = 5.0  #: seconds after which an answer is not waited for any more
OWNER = "roaming@bench.lab"


class Told(NamedTuple):
    """A write that was answered."""

    at: float  #: monotonic
    key: str
    pool: str
    term: int


@dataclass
class RoamingClients:
    """Some clients, each with one write under way. Each write is a record of its own."""

    home: str
    addresses: Sequence[tuple[str, str]]  #: pool and base URL of each front end
    rate: float  #: writes a second, of all together
    http: Callable[[], httpx.Client]  #: makes the client of a thread, which is closed in the end
    clients: int = 8
    told: list[Told] = field(default_factory=list)
    unknown: int = 0  #: writes without an answer
    surprises: list[str] = field(default_factory=list)  #: answers that no client should get
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write while the block runs. Raises `BenchFailed` if an answer came that should not."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._write_on, args=(stop, number), name=f"client {number}")
            for number in range(self.clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if self.surprises:
            raise BenchFailed(f"unexpected answers: {self.surprises[:3]}")

    def first_after(self, moment: float, pool: str) -> float | None:
        """Return when the first write was answered by a pool after a moment; None if none has been."""
        return next((each.at for each in list(self.told) if each.at >= moment and each.pool == pool), None)

    def longest_gap(self, since: float) -> float:
        """Return the longest time since a moment in which no write was answered."""
        at = sorted([since, *(each.at for each in list(self.told) if each.at >= since)])
        return max((later - earlier for earlier, later in itertools.pairwise(at)), default=0.0)

    def _write_on(self, stop: threading.Event, first: int) -> None:
        pause, due, place = self.clients / self.rate, time.monotonic(), first
        with self.http() as client:
            while not stop.wait(max(0.0, due - time.monotonic())):
                due = max(due + pause, time.monotonic() - 1.0)  # What was missed is not made up for at once.
                key = f"w-{next(self._numbers)}"
                while not stop.is_set() and not self._write(client, place, key):
                    place += 1
                    stop.wait(PAUSE)

    def _write(self, client: httpx.Client, place: int, key: str) -> bool:
        """Try one write; False if it is to be tried elsewhere."""
        pool, address = self.addresses[place % len(self.addresses)]
        try:
            answer = client.put(
                f"{address}/v1/homes/{self.home}/modules/PresenceFocus/records/{OWNER}/{key}", content=b"{}"
            )
        except httpx.HTTPError:
            self.unknown += 1
            return False
        if answer.status_code in TAKEN:
            self.told.append(Told(time.monotonic(), key, pool, int(answer.json()["Term"])))
            return True
        if answer.status_code not in {MISDIRECTED, NOT_NOW}:
            self.surprises.append(f"{answer.status_code}: {answer.text:.200}")
        return False
