"""Commits that are remembered and traced: what `twinpool trace` and traces of requests are told by."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.trace import Span

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.change import Committed, Transaction
from twinpool_services.frontend.context import Commits
from twinpool_services.telemetry import Telemetry


class WatchedCommits:
    """Commits, and notes what came of it in memory; this stands in the way of every write."""

    def __init__(self, commits: Commits, telemetry: Telemetry) -> None:
        """Watch commits."""
        self._commits, self._journal, self._tracing = commits, telemetry.journal, telemetry.tracing

    def commit(self, transaction: Transaction) -> Committed:
        """Commit one. Raises what refused it."""
        if not self._tracing.is_on:
            return self._remembered(transaction, self._commits.commit(transaction))
        with self._tracing.writing(transaction.stream) as span:
            committed = self._commits.commit(transaction)
            self._tracing.committed(span, transaction.stream, committed)
            return self._remembered(transaction, committed)

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit some in their order, each by itself. Raises what kept the store from trying."""
        if not (self._tracing.is_on and transactions):
            return self._note_all(transactions, self._commits.commit_all(transactions), None)
        with self._tracing.writing(transactions[0].stream) as span:
            return self._note_all(transactions, self._commits.commit_all(transactions), span)

    def _note_all(
        self, transactions: Sequence[Transaction], outcomes: list[Committed | TwinpoolError], span: Span | None
    ) -> list[Committed | TwinpoolError]:
        for transaction, outcome in zip(transactions, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self._remembered(transaction, outcome)
                if span is not None:
                    self._tracing.committed(span, transaction.stream, outcome)
        return outcomes

    def _remembered(self, transaction: Transaction, committed: Committed) -> Committed:
        self._journal.wrote(transaction.stream, transaction.changes, committed)
        return committed
