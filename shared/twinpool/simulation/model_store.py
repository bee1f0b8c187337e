"""The durable store of the simulation: what `ports.store` promises of one stream, in as few lines as can be.

Every check that the ports demand is a method of its own, so that a test can take one away and see the simulation
find it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from twinpool.errors import ImportFailed, LeaseLost, SessionOvertaken, TwinpoolError
from twinpool.ports.store import ChangeLog, ExportLedgers, Imports
from twinpool.vocabulary.change import Change, ChangeSet, Committed, Pending, Record, RecordKey, Transaction
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, Instant, Position, Route, Stream, Term
from twinpool.vocabulary.session import UNKNOWN_STREAM, Cursor, ImportProgress, SessionId, Staging
from twinpool.vocabulary.states import ExportLedger, ImportLedger

RecordMap = dict[RecordKey, bytes]


class PoolStore(ChangeLog, ExportLedgers, Imports, Protocol):
    """What the simulation needs of a pool's store, beyond what is played with."""

    def now(self) -> Instant:
        """Return the time by the store's clock."""

    def write(self, transactions: Sequence[Transaction]) -> Sequence[Committed | TwinpoolError]:
        """Commit transactions; see `Records.write`."""

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease; see `Leases.acquire_lease`."""

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Make way for a higher generation; see `Leases.raise_generation`."""

    def burn_position(self) -> None:
        """Take a position for a transaction that is rolled back, if the store works like that."""

    def contents(self) -> Mapping[RecordKey, bytes]:
        """Return all records, not to be changed."""


def apply_to(records: RecordMap, changes: Sequence[Change]) -> None:
    """Put and delete."""
    for owner, key, value in changes:
        if value is None:
            records.pop(RecordKey(owner, key), None)
        else:
            records[RecordKey(owner, key)] = value


class _Ground:
    """Clock, lease and records."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._generation = Generation(0)
        self._records: RecordMap = {}

    def now(self) -> Instant:
        """Return the time."""
        return Instant(self._clock())

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease; in the simulation it can always be had."""
        self._generation = Generation(self._generation + 1)
        expires_at = Instant(self._clock() + duration.total_seconds())
        return Lease(holder=holder, generation=self._generation, expires_at=expires_at)

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Have the next generation be above `at_least`."""
        self._check_generation(generation)
        self._generation = max(at_least, Generation(self._generation + 1))

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return records in key order."""
        del stream, owner
        keys = sorted(self._records)
        start = 0 if after is None else bisect_right(keys, after)
        return [Record(*key, self._records[key]) for key in keys[start : start + limit]]

    def contents(self) -> Mapping[RecordKey, bytes]:
        """Return all records, not to be changed."""
        return self._records

    def _check_generation(self, generation: Generation) -> None:
        if generation != self._generation:
            raise LeaseLost(f"generation {self._generation} has taken over from {generation}")


class _Log(_Ground):
    """The side of an exporter."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._log: list[ChangeSet] = []
        self._head = self._oldest = self._taken = ORIGIN
        self._ledger = ExportLedger(
            session_opened=False, acknowledged=ORIGIN, proven_at=None, attempted_at=None, failure=None
        )

    def burn_position(self) -> None:
        """Take a position for a transaction that is rolled back."""
        self._taken = Position(self._taken + 1)

    def write(self, transactions: Sequence[Transaction]) -> Sequence[Committed | TwinpoolError]:
        """Commit transactions."""
        committed = []
        for transaction in transactions:
            self._taken = self._head = Position(self._taken + 1)
            apply_to(self._records, transaction.changes)
            count = len(transaction.changes)
            self._log.append(ChangeSet(self._head, self.now(), count, transaction.payload))
            committed.append(Committed(position=self._head, term=Term(1), at=self.now()))
        return committed

    def bounds(self, stream: Stream) -> tuple[Position, Position]:
        """Return up to where the log has been pruned, and its newest position."""
        return self.oldest(stream), self.head(stream)

    def head(self, stream: Stream) -> Position:
        """Return the newest position."""
        del stream
        return self._head

    def oldest(self, stream: Stream) -> Position:
        """Return up to where the log was pruned."""
        del stream
        return self._oldest

    def settled(self, stream: Stream) -> Position:
        """Return the head, for writers come one at a time."""
        del stream
        return self._head

    def collect(self, stream: Stream, *, after: Position, max_changes: int, max_bytes: int) -> list[ChangeSet]:
        """Return consecutive change sets."""
        del stream, max_bytes
        found: list[ChangeSet] = []
        for change_set in self._behind(after):
            if found and sum(other.change_count for other in found) + change_set.change_count > max_changes:
                break
            found.append(change_set)
        return found

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""
        del stream
        behind = self._behind(after)
        return Pending(
            changes=sum(change_set.change_count for change_set in behind),
            bytes=sum(len(change_set.payload) for change_set in behind),
            oldest_at=behind[0].committed_at if behind else None,
        )

    def prune(self, stream: Stream, *, up_to: Position, generation: Generation, limit: int = 10_000) -> int:
        """Forget the oldest change sets."""
        del stream
        self._check_generation(generation)
        gone = min(limit, sum(change_set.position <= up_to for change_set in self._log))
        if gone:
            self._oldest = self._log[gone - 1].position
            del self._log[:gone]
        return gone

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of the log."""
        del stream
        return sum(len(change_set.payload) for change_set in self._log)

    def export_ledger(self, route: Route) -> ExportLedger:
        """Return what was noted."""
        del route
        return self._ledger

    def note_opened(self, route: Route, *, acknowledged: Position, generation: Generation) -> None:
        """Note that the importer answered."""
        del route
        self._check_generation(generation)
        now = self.now()
        self._ledger = replace(self._ledger, session_opened=True, acknowledged=acknowledged, proven_at=now)

    def note_acknowledged(self, route: Route, position: Position, *, generation: Generation) -> None:
        """Note an acknowledgement."""
        del route
        self._check_generation(generation)
        acknowledged = max(position, self._ledger.acknowledged)
        self._ledger = replace(self._ledger, acknowledged=acknowledged, proven_at=self.now(), failure=None)

    def note_attempt(self, route: Route, *, failure: str | None, generation: Generation) -> None:
        """Note an attempt."""
        del route
        self._check_generation(generation)
        self._ledger = replace(self._ledger, attempted_at=self.now(), failure=failure or self._ledger.failure)

    def _behind(self, after: Position) -> list[ChangeSet]:
        return [change_set for change_set in self._log if change_set.position > after]


class ModelStore(_Log):
    """Both sides."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin empty."""
        super().__init__(clock)
        self._progress: ImportProgress = UNKNOWN_STREAM
        self._staged: RecordMap = {}
        self._import_failure: str | None = None

    def import_progress(self, stream: Stream) -> ImportProgress:
        """Return what is known."""
        del stream
        return self._progress

    def note_session(self, stream: Stream, session: SessionId, *, generation: Generation) -> ImportProgress:
        """Note a session."""
        del stream
        self._check_generation(generation)
        self._check_newer(session)
        if session.term > self._progress.session.term:
            self._staged, self._progress = {}, replace(self._progress, staging=None)
        self._progress = replace(self._progress, session=session)
        return self._progress

    def prepare(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Nothing pays here; see `Imports.prepare`."""
        return changes

    def apply(
        self,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply changes and move the cursor."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        cursor = self._progress.cursor
        self._check_position(cursor.position if cursor else None, after)
        apply_to(self._records, changes)
        self._progress = replace(self._progress, cursor=Cursor(session.term, upto))

    def begin(self, stream: Stream, *, session: SessionId, generation: Generation) -> None:
        """Begin an unknown stream."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        self._records.clear()
        self._progress = replace(self._progress, cursor=Cursor(session.term, ORIGIN))

    def begin_staging(self, stream: Stream, *, session: SessionId, position: Position, generation: Generation) -> None:
        """Begin a snapshot."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        self._staged.clear()
        staging = Staging(position=position, walked_to=None, settles_at=None)
        self._progress = replace(self._progress, staging=staging)

    def stage(
        self,
        stream: Stream,
        records: Sequence[Record],
        *,
        session: SessionId,
        walked_to: RecordKey | None,
        settles_at: Position | None,
        generation: Generation,
    ) -> None:
        """Add to a snapshot."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        staging = self._staging()
        apply_to(self._staged, [Change(*record) for record in records])
        staging = replace(staging, walked_to=walked_to, settles_at=settles_at)
        self._progress = replace(self._progress, staging=staging)

    def stage_changes(
        self,
        stream: Stream,
        changes: Sequence[Change],
        *,
        session: SessionId,
        after: Position,
        upto: Position,
        generation: Generation,
    ) -> None:
        """Apply changes to a snapshot."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        self._check_position(self._staging().position, after)
        apply_to(self._staged, changes)
        self._progress = replace(self._progress, staging=replace(self._staging(), position=upto))

    def swap_in(self, stream: Stream, *, session: SessionId, generation: Generation) -> Cursor:
        """Take the snapshot for the records."""
        del stream
        self._check_generation(generation)
        self._check_session(session)
        staging = self._staging()
        self._check_settled(staging)
        cursor = Cursor(session.term, staging.position)
        self._records, self._staged = self._staged, {}
        self._progress = replace(self._progress, cursor=cursor, staging=None)
        return cursor

    def import_ledger(self, stream: Stream) -> ImportLedger:
        """Return the health."""
        del stream
        return ImportLedger(failure=self._import_failure, imported_at=None)

    def note_import(self, stream: Stream, *, failure: str | None, generation: Generation) -> None:
        """Note the health."""
        del stream
        self._check_generation(generation)
        self._import_failure = failure

    def _staging(self) -> Staging:
        if self._progress.staging is None:
            raise ImportFailed("no snapshot is under way")
        return self._progress.staging

    def _check_newer(self, session: SessionId) -> None:
        if session <= self._progress.session:
            raise SessionOvertaken(f"session {self._progress.session} is noted")

    def _check_session(self, session: SessionId) -> None:
        if session != self._progress.session:
            raise SessionOvertaken(f"session {self._progress.session} is noted, not {session}")

    def _check_position(self, stands_at: Position | None, after: Position) -> None:
        if stands_at != after:
            raise ImportFailed(f"the stream stands at {stands_at}, not at {after}")

    def _check_settled(self, staging: Staging) -> None:
        if staging.settles_at is None or staging.position < staging.settles_at:
            raise ImportFailed(f"the snapshot is not settled: {staging}")
