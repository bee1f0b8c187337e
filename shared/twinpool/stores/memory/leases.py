"""The lease, what exporters note, requests, names and wake-ups."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from twinpool.errors import LeaseTaken, NameTaken
from twinpool.stores.memory.ground import EMPTY_LEDGER, Ground
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Instant, Position, Route, Stream
from twinpool.vocabulary.states import ExportLedger


class MemoryLeases(Ground):
    """The lease; once there was one it is kept, so that generations only grow."""

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease with a higher generation; see `Leases.acquire_lease`."""
        with self._lock:
            current = self.current_lease()
            if current is not None and current.holder != holder:
                raise LeaseTaken(current.holder, current.expires_at - self.now())
            generation = Generation(1 if self._lease is None else self._lease.generation + 1)
            self._lease = Lease(holder=holder, generation=generation, expires_at=self._in(duration))
            return self._lease

    def renew_lease(self, lease: Lease, duration: timedelta) -> Lease:
        """Extend the lease from now. Raises `LeaseLost` once another generation exists."""
        with self._fenced(lease.generation):
            self._lease = replace(lease, expires_at=self._in(duration))
            return self._lease

    def release_lease(self, lease: Lease) -> None:
        """Give the lease back so that another may take it at once; does nothing if it was overtaken."""
        with self._lock:
            if self._lease is not None and self._lease.generation == lease.generation:
                self._lease = replace(self._lease, expires_at=min(self._lease.expires_at, self.now()))

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Have the next generation be above `at_least`; see `Leases.raise_generation`."""
        with self._fenced(generation) as lease:
            self._lease = replace(
                lease,
                generation=max(at_least, Generation(generation + 1)),
                expires_at=min(lease.expires_at, self.now()),
            )

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""
        with self._lock:
            return self._lease if self._lease is not None and self._lease.expires_at > self.now() else None

    def _in(self, duration: timedelta) -> Instant:
        return Instant(self.now() + duration.total_seconds())


class MemoryLedgers(Ground):
    """The ledgers of all routes."""

    def export_ledger(self, route: Route) -> ExportLedger:
        """Return what was noted; an empty ledger for a new route."""
        with self._lock:
            return self._ledgers.get(route, EMPTY_LEDGER)

    def note_opened(self, route: Route, *, acknowledged: Position, generation: Generation) -> None:
        """Note that the importer answered; see `ExportLedgers.note_opened`."""
        with self._fenced(generation):
            self._ledgers[route] = replace(
                self.export_ledger(route), session_opened=True, acknowledged=acknowledged, proven_at=self.now()
            )

    def note_acknowledged(self, route: Route, position: Position, *, generation: Generation) -> None:
        """Note an acknowledgement; see `ExportLedgers.note_acknowledged`."""
        with self._fenced(generation):
            ledger = self.export_ledger(route)
            self._ledgers[route] = replace(
                ledger, acknowledged=max(ledger.acknowledged, position), proven_at=self.now(), failure=None
            )

    def note_attempt(self, route: Route, *, failure: str | None, generation: Generation) -> None:
        """Note that something was sent or could not be; see `ExportLedgers.note_attempt`."""
        with self._fenced(generation):
            ledger = self.export_ledger(route)
            self._ledgers[route] = replace(
                ledger, attempted_at=self.now(), failure=ledger.failure if failure is None else failure
            )


class MemorySyncRequests(Ground):
    """Forced synchronisations."""

    _requests: list[tuple[int, Stream, bool]]
    _last_request: int

    def request_sync(self, stream: Stream, *, full: bool) -> int:
        """Note a request and return its number; numbers grow."""
        with self._lock:
            self._last_request += 1
            self._requests.append((self._last_request, stream, full))
            self._wakeups.grow()
            return self._last_request

    def sync_requests(self, after: int) -> list[tuple[int, Stream, bool]]:
        """Return the requests above a number, oldest first: (number, stream, full)."""
        with self._lock:
            return [request for request in self._requests if request[0] > after]

    def forget_sync_requests(self, up_to: int, *, generation: Generation) -> None:
        """Forget the requests up to a number; they have been taken up."""
        with self._fenced(generation):
            self._requests = self.sync_requests(up_to)


class MemoryNameClaim:
    """A name in a set of those that are taken. Raises `NameTaken`."""

    def __init__(self, taken: set[FrontEndName], name: FrontEndName) -> None:
        if name in taken:
            raise NameTaken(f"a front end named {name} is already running")
        taken.add(name)
        self._taken, self._name = taken, name

    def release(self) -> None:
        """Give the name back."""
        self._taken.discard(self._name)


__all__ = ["MemoryLeases", "MemoryLedgers", "MemoryNameClaim", "MemorySyncRequests"]
