"""One bulk request: transactions are read, checked and committed as they come, many at a time.

Invariant: at most `bulk_transactions` transactions of about `bulk_bytes` are between being read and being committed,
and one piece of the body more. They are committed in the order of the body. What is wrong with a transaction is told
beside it, and the next is taken; what is wrong with the pool (read-only, served elsewhere, no store) or with the stream
itself ends the request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from twinpool.errors import Invalid, TwinpoolError
from twinpool.vocabulary.change import Committed, Transaction
from twinpool_services.frontend.changes import Acceptance
from twinpool_services.frontend.context import Commits, Context
from twinpool_services.frontend.documents import BulkDocument, FailedTransaction
from twinpool_services.frontend.problems import status_of
from twinpool_services.frontend.transaction_streams import Item, TransactionStream

TOGETHER = 1_024  #: transactions that one call of the store gets; others wait for it no longer than for each other
TOGETHER_BYTES = 1024 * 1024


@dataclass(slots=True)
class Tally:
    """What became of the transactions so far."""

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


@dataclass(frozen=True, slots=True)
class Checked:
    """A transaction that may be committed."""

    number: int  #: place in the request
    transaction: Transaction


class BulkWrite:
    """Reads and commits one body. What changes it happens on the event loop, so nothing locks."""

    def __init__(self, context: Context, stream: TransactionStream, acceptance: Acceptance, commits: Commits) -> None:
        """Bind the parts."""
        self._context, self._limits = context, context.limits
        self._stream, self._acceptance, self._commits = stream, acceptance, commits
        self._waiting: deque[Checked] = deque()
        self._bytes = 0  #: of payload, in `_waiting`
        self._changed = asyncio.Event()  #: something came in, went out, or the body ended
        self._ended = False
        self.tally = Tally(self._limits.bulk_errors)  #: what was done so far

    async def run(self, pieces: AsyncIterator[bytes]) -> None:
        """Take the whole body; return when everything that was read is committed or refused.

        Raises what ended the request early, when nothing is under way any more.
        """
        committing = asyncio.create_task(self._commit())
        try:
            await self._read(pieces)
        finally:
            self._ended = True
            self._changed.set()
            await asyncio.shield(committing)
        if self.tally.obstacle is not None:
            raise self.tally.obstacle

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, pieces: AsyncIterator[bytes]) -> None:
        async for piece in pieces:
            await self._room()
            if self.tally.obstacle is not None:
                return
            self._take(*await self._context.in_thread(self._check, self._stream.feed(piece)))
        self._take(*await self._context.in_thread(self._check, self._stream.finish()))

    async def _room(self) -> None:
        while self.tally.obstacle is None and (
            len(self._waiting) >= self._limits.bulk_transactions or self._bytes >= self._limits.bulk_bytes
        ):
            self._changed.clear()
            await self._changed.wait()

    def _check(self, items: Iterable[Item]) -> tuple[list[Transaction | Invalid], Invalid | None]:
        """Check what was read, and say why no more can be read if so. Runs in a thread, and changes nothing."""
        checked: list[Transaction | Invalid] = []
        try:
            for item in items:
                checked.append(self._checked(item))  # noqa: PERF401 - what came before an error has to be kept
        except Invalid as error:
            return checked, error
        return checked, None

    def _checked(self, item: Item) -> Transaction | Invalid:
        if isinstance(item, Invalid):
            return item
        try:
            return self._acceptance.transaction(item)
        except Invalid as error:
            return error

    def _take(self, checked: Sequence[Transaction | Invalid], error: Invalid | None) -> None:
        """Let what was checked wait for its commit. Raises the error, if there is one."""
        for item in checked:
            if isinstance(item, Invalid):
                self.tally.note_failed(self.tally.read, item)
            else:
                self._waiting.append(Checked(self.tally.read, item))
                self._bytes += len(item.payload)
            self.tally.read += 1
        self._changed.set()
        if error is not None:
            raise error

    # ── committing ──────────────────────────────────────────────────────────────────────────────────────────

    async def _commit(self) -> None:
        """Commit what waits, one group after the other, until the body has ended and nothing waits any more."""
        while self.tally.obstacle is None:
            group = self._next_group()
            if group:
                self._note(group, await self._context.in_thread(self._written, group))
                self._changed.set()
            elif self._ended:
                return
            else:
                self._changed.clear()
                await self._changed.wait()
        self._changed.set()

    def _next_group(self) -> list[Checked]:
        group: list[Checked] = []
        size = 0
        while self._waiting and len(group) < TOGETHER and size < TOGETHER_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1].transaction.payload)
        self._bytes -= size
        return group

    def _written(self, group: Sequence[Checked]) -> Sequence[Committed | TwinpoolError]:
        try:
            return self._commits.commit_all([checked.transaction for checked in group])
        except TwinpoolError as error:
            return [error] * len(group)

    def _note(self, group: Sequence[Checked], outcomes: Sequence[Committed | TwinpoolError]) -> None:
        for checked, outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self.tally.note_committed(outcome, len(checked.transaction.changes))
            else:
                self.tally.note_failed(checked.number, outcome)
