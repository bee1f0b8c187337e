"""The pool store, as needs: one narrow protocol for each that uses it, and their union for the adapters.

Every method may raise `StoreUnavailable`. Every method that takes a `generation` is fenced: it changes nothing
and raises `LeaseLost` when the pool's lease row carries another generation. Fence and change are one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Protocol

from twinpool.errors import TwinpoolError
from twinpool.ports.audit import Audits
from twinpool.ports.examination import Examined
from twinpool.ports.standings import Standings
from twinpool.ports.terms import Operations, Orphans, Terms
from twinpool.ports.verification import Verifying
from twinpool.vocabulary.change import Change, ChangeSet, Committed, Pending, Record, RecordKey, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import (
    FrontEndName,
    Generation,
    Home,
    Instant,
    PoolFqdn,
    Position,
    Route,
    Stream,
)
from twinpool.vocabulary.session import Cursor, ImportProgress, SessionId
from twinpool.vocabulary.states import ExportLedger, ImportLedger


class Records(Protocol):
    """What a front end does with records."""

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit transactions together, each with its own change set, in the order given.

        One outcome for each, in the same order: `HomeNotServed` or `HomeReadOnly` refuses that one alone. When
        this returns, what is `Committed` is durable. Record and change set are one commit (guarantee 1), and no
        write that is refused or rolled back leaves a trace in either.
        """

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return up to `limit` records in key order after `after`, of one owner if given.

        The records of one call are of one moment; it is short, so that a walk of many calls holds nothing open.
        """

    def record_count(self, stream: Stream) -> int:
        """Count the records of a stream."""


class Homes(Protocol):
    """Who serves what, as this pool durably knows it."""

    def declare_home(self, status: HomeStatus) -> HomeStatus:
        """Note a home unless it is already known, and return what is known."""

    def homes(self) -> list[HomeStatus]:
        """Return all homes that are known, in order of their names."""

    def set_mode(self, home: Home, mode: Mode, *, generation: Generation) -> None:
        """Make a home read-only or writable.

        When this returns, no write that began before under another mode may still commit (design §7).
        """


class ChangeLog(Protocol):
    """What an exporter reads of the log of a stream, and prunes."""

    def head(self, stream: Stream) -> Position:
        """Return the position of the newest committed change set ever, whether pruned or not; ORIGIN if none."""

    def oldest(self, stream: Stream) -> Position:
        """Return the position after which the log is complete: up to here it has been pruned; ORIGIN if never."""

    def bounds(self, stream: Stream) -> tuple[Position, Position]:
        """Return `oldest` and `head` of one moment."""

    def settled(self, stream: Stream) -> Position:
        """Return a position such that every change set up to it is committed and visible, or will never be."""

    def collect(self, stream: Stream, *, after: Position, max_changes: int, max_bytes: int) -> list[ChangeSet]:
        """Return consecutive change sets after a position, in order, none skipped that may still commit.

        At most the given numbers, but at least one change set when there is one, however large. Callers make sure
        that `after` is not below `oldest`; what is pruned is not returned.
        """

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""

    def prune(self, stream: Stream, *, up_to: Position, generation: Generation, limit: int = 10_000) -> int:
        """Forget up to `limit` of the oldest change sets at or below a position; return how many went.

        `oldest` moves with it. `head` does not.
        """

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of payload that the log of a stream holds."""


class ExportLedgers(Protocol):
    """What an exporter notes of its routes."""

    def export_ledger(self, route: Route) -> ExportLedger:
        """Return what was noted; an empty ledger for a new route."""

    def note_opened(self, route: Route, *, acknowledged: Position, generation: Generation) -> None:
        """Note that the importer answered: `acknowledged` is its cursor, and now is the proof.

        The acknowledged position may go down here: the importer's word counts (it may have lost its store).
        A failure stays: only an acknowledgement shows that backing up works again.
        """

    def note_acknowledged(self, route: Route, position: Position, *, generation: Generation) -> None:
        """Note an acknowledgement: now is the proof, the position never goes down; clears the failure."""

    def note_attempt(self, route: Route, *, failure: str | None, generation: Generation) -> None:
        """Note that something was sent (`failure` None: an earlier failure stays) or could not be."""


class Imports(Protocol):
    """What an importer does; each call is one transaction."""

    def import_progress(self, stream: Stream) -> ImportProgress:
        """Return what is durably known of a stream."""

    def note_session(self, stream: Stream, session: SessionId, *, generation: Generation) -> ImportProgress:
        """Note a session and return the progress. Raises `SessionOvertaken` unless it is newer than the noted one.

        A session of a higher term than the one noted before forgets what is staged: positions of an older term may
        mean something else in this one, so a snapshot begun then must not be resumed.
        """

    def prepare(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Do ahead what `apply` and `stage_changes` begin with; they take what this returns as they take the changes.

        Touches nothing, so that it may run on another thread while an earlier batch is being applied. Raises
        `InvalidRecord` for what cannot be stored.
        """

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
        """Apply changes and move the cursor from `after` to (session.term, upto), all or nothing.

        Raises `SessionOvertaken` unless `session` is the one noted, and `ImportFailed` unless the cursor stands at
        `after`; a cursor that is None stands nowhere.
        """

    def begin(self, stream: Stream, *, session: SessionId, generation: Generation) -> None:
        """Set an unknown stream's cursor to (session.term, ORIGIN): the source's log is whole, no snapshot needed.

        Whatever records of the stream lie there are forgotten, after they were compared like in `swap_in`, with
        nothing. Raises `SessionOvertaken` unless it is the noted one.
        """

    def begin_staging(self, stream: Stream, *, session: SessionId, position: Position, generation: Generation) -> None:
        """Drop what was staged and begin a new snapshot whose log is to be applied from `position` on."""

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
        """Add records to the staged snapshot and note how far the walk has come."""

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
        """Apply changes to the staged records and move the staging's position from `after` to `upto`."""

    def swap_in(self, stream: Stream, *, session: SessionId, generation: Generation) -> Cursor:
        """Replace the records of the stream by the staged ones, and the cursor by (session.term, staging.position).

        Where a demotion has left it open what is divergent (see `Terms.demote`), the records are compared first, in
        steps that a crash does not lose; what waited for repair is forgotten.

        Raises `ImportFailed` unless the walk is complete and the staging's position has reached `settles_at`.
        """

    def import_ledger(self, stream: Stream) -> ImportLedger:
        """Return the health of a stream's import."""

    def note_import(self, stream: Stream, *, failure: str | None, generation: Generation) -> None:
        """Note that an import failed, or (None) that imports work."""


class Leases(Protocol):
    """Makes one front end of the pool the active one."""

    def acquire_lease(self, holder: FrontEndName, duration: timedelta) -> Lease:
        """Take the lease with a higher generation. Raises `LeaseTaken` while somebody else's has not expired."""

    def renew_lease(self, lease: Lease, duration: timedelta) -> Lease:
        """Extend it from now by the store's clock. Raises `LeaseLost` once another generation exists."""

    def release_lease(self, lease: Lease) -> None:
        """Give it back so that another may take it at once; does nothing if it was overtaken."""

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """End the lease of `generation`, so that whoever takes it next, at once, is above `at_least` as well.

        For a store that has gone back in time, and would give generations anew that others have seen. It overtakes
        its caller. `at_least` is `HIGHEST_GENERATION` at most.
        """

    def current_lease(self) -> Lease | None:
        """Return the lease that has not expired, None if there is none."""


class SyncRequests(Protocol):
    """Forced synchronisations, asked of any front end and carried out by the active one."""

    def request_sync(self, stream: Stream, *, full: bool) -> int:
        """Note a request and return its number; numbers grow."""

    def sync_requests(self, after: int) -> list[tuple[int, Stream, bool]]:
        """Return the requests above a number, oldest first: (number, stream, full)."""

    def forget_sync_requests(self, up_to: int, *, generation: Generation) -> None:
        """Forget the requests up to a number; they have been taken up."""


class NameClaim(Protocol):
    """A front end's name, held until it is given back or the process ends, however it ends."""

    def release(self) -> None:
        """Give the name back."""


class Wakeups(Protocol):
    """Tells the active front end that another process of the pool has committed something."""

    def wait(self, seconds: float) -> bool:
        """Wait until there was a commit since the last call, or the time is over; True if there was."""

    def grown(self) -> Collection[Stream] | None:
        """Return the streams whose logs have grown by what `wait` has heard since the last call of this.

        None if something else was committed as well, or it is not known what: then anything may have changed.
        """

    def close(self) -> None:
        """Stop listening."""


class Store(
    Records,
    Homes,
    ChangeLog,
    ExportLedgers,
    Imports,
    Leases,
    SyncRequests,
    Terms,
    Orphans,
    Operations,
    Verifying,
    Audits,
    Examined,
    Standings,
    Protocol,
):
    """The whole pool store, as the adapters fulfil it. Safe to use from many threads."""

    pool: PoolFqdn  #: whose store it is

    def now(self) -> Instant:
        """Return the time by the store's clock, by which leases and ages are judged."""

    def claim_name(self, name: FrontEndName) -> NameClaim:
        """Claim a front end's name. Raises `NameTaken` if a living process has it."""

    def wakeups(self) -> Wakeups:
        """Listen to commits of all processes of the pool; one listener at a time, the newest counts."""

    def check(self) -> None:
        """Make sure that the store can be read and written. Raises `StoreUnavailable` with the reason."""

    def close(self) -> None:
        """Close all connections."""


__all__ = [
    "ChangeLog",
    "ExportLedgers",
    "Homes",
    "Imports",
    "Leases",
    "NameClaim",
    "Records",
    "Store",
    "SyncRequests",
    "Wakeups",
]
