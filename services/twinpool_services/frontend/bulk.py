"""One bulk request: transactions are read, checked and committed as they come, many at a time.

Invariant: at most `bulk_transactions` transactions of `bulk_bytes` are between being read and being committed, and one
piece of the body more. What is wrong with a transaction is told beside it, and the next is taken; what is wrong with
the pool (read-only, served elsewhere, no store) or with the stream itself ends the request.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from twinpool.errors import Invalid, TwinpoolError
from twinpool.vocabulary.change import Committed
from twinpool_services.frontend.changes import Acceptance
from twinpool_services.frontend.context import Commits, Context
from twinpool_services.frontend.documents import BulkDocument, FailedTransaction
from twinpool_services.frontend.limits import Limits
from twinpool_services.frontend.problems import status_of
from twinpool_services.frontend.transaction_streams import Item, TransactionStream


@dataclass(slots=True)
class Tally:
    """What became of the transactions so far. Not safe by itself: `Flight` guards it."""

    max_errors: int
    read: int = 0
    committed: int = 0
    changes: int = 0
    failed: int = 0
    first: int | None = None
    last: int | None = None
    errors: list[FailedTransaction] = field(default_factory=list)
    obstacle: TwinpoolError | None = None  #: what is wrong with the pool, so that going on is no use

    def note_committed(self, committed: Committed, changes: int) -> None:
        """Count a transaction in."""
        self.committed += 1
        self.changes += changes
        self.first = committed.position if self.first is None else min(self.first, committed.position)
        self.last = committed.position if self.last is None else max(self.last, committed.position)

    def note_failed(self, number: int, error: TwinpoolError) -> None:
        """Count a transaction out."""
        self.failed += 1
        if not isinstance(error, Invalid):
            self.obstacle = self.obstacle or error
        if len(self.errors) < self.max_errors:
            field = error.field if isinstance(error, Invalid) else ""
            failed = FailedTransaction(transaction=number, status=status_of(error), detail=str(error), field=field)
            self.errors.append(failed)

    def document(self) -> BulkDocument:
        """Say it all."""
        return BulkDocument(
            transactions=self.read,
            committed=self.committed,
            failed=self.failed,
            changes=self.changes,
            first_position=self.first,
            last_position=self.last,
            errors=sorted(self.errors, key=lambda error: error.transaction),
        )


class Flight:
    """The transactions between read and committed; entered and settled in any thread, awaited in one loop."""

    def __init__(self, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        """Wake waiters of a loop."""
        self.tally = Tally(limits.bulk_errors)
        self._limits, self._loop = limits, loop
        self._guard = threading.Lock()
        self._transactions = self._bytes = 0
        self._low = (0, 0)  #: transactions and bytes that a waiter waits for
        self._waiter: asyncio.Event | None = None

    def refuse(self, error: Invalid) -> None:
        """Count a transaction that never took off."""
        with self._guard:
            number, self.tally.read = self.tally.read, self.tally.read + 1
            self.tally.note_failed(number, error)

    def enter(self, committing: Future[Committed], changes: int, size: int) -> None:
        """Let a transaction take off."""
        with self._guard:
            number, self.tally.read = self.tally.read, self.tally.read + 1
            self._transactions += 1
            self._bytes += size
        committing.add_done_callback(partial(self._settle, number, changes, size))

    async def room(self) -> None:
        """Wait until half of what is allowed is free, if it is not; so that we are not woken for each transaction."""
        if self._transactions >= self._limits.bulk_transactions or self._bytes >= self._limits.bulk_bytes:
            await self._until(self._limits.bulk_transactions // 2, self._limits.bulk_bytes // 2)

    async def landed(self) -> None:
        """Wait until everything is settled."""
        await self._until(0, 0)

    async def _until(self, transactions: int, size: int) -> None:
        waiter = asyncio.Event()
        with self._guard:
            self._low, self._waiter = (transactions, size), waiter
            if self._is_low():
                waiter.set()
        await waiter.wait()
        self._waiter = None

    def _settle(self, number: int, changes: int, size: int, committing: Future[Committed]) -> None:
        """Runs in the thread that commits: short, and raises nothing."""
        error = committing.exception()
        with self._guard:
            self._transactions -= 1
            self._bytes -= size
            if error is None:
                self.tally.note_committed(committing.result(), changes)
            elif isinstance(error, TwinpoolError):
                self.tally.note_failed(number, error)
            else:
                self.tally.note_failed(number, TwinpoolError(f"{type(error).__name__}: {error}"))
            waiter = self._waiter if self._is_low() else None
        if waiter is not None:
            self._loop.call_soon_threadsafe(waiter.set)

    def _is_low(self) -> bool:
        return self._transactions <= self._low[0] and self._bytes <= self._low[1]


class BulkWrite:
    """Feeds a flight from a body."""

    def __init__(self, context: Context, stream: TransactionStream, acceptance: Acceptance, commits: Commits) -> None:
        """Bind the parts; must be made on the event loop."""
        self._context, self._stream = context, stream
        self._acceptance, self._commits = acceptance, commits
        self._flight = Flight(context.limits, asyncio.get_running_loop())

    async def run(self, pieces: AsyncIterator[bytes]) -> Tally:
        """Take the whole body; return when everything that was read is committed or refused.

        Raises what ends the request, after everything has landed; `tally` tells what was done until then.
        """
        try:
            async for piece in pieces:
                await self._flight.room()
                if self.tally.obstacle is not None:
                    break
                await self._context.in_thread(self._take, piece)
            else:
                await self._context.in_thread(self._submit, self._stream.finish())
        finally:
            # Shielded, for what took off is committed even if the client went away, and we count on it having landed.
            await asyncio.shield(self._flight.landed())
        if self.tally.obstacle is not None:
            raise self.tally.obstacle
        return self.tally

    @property
    def tally(self) -> Tally:
        """What was done so far."""
        return self._flight.tally

    def _take(self, piece: bytes) -> None:
        self._submit(self._stream.feed(piece))

    def _submit(self, items: Iterable[Item]) -> None:
        for item in items:
            try:
                if isinstance(item, Invalid):
                    raise item
                transaction = self._acceptance.transaction(item)
            except Invalid as error:
                self._flight.refuse(error)
            else:
                committing = self._commits.submit(transaction)
                self._flight.enter(committing, len(item), len(transaction.payload))
