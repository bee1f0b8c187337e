"""Commits of a front end, but for homes of which it is not known whether this pool still serves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twinpool.errors import HomeInDoubt, TwinpoolError
from twinpool.vocabulary.change import Committed, Transaction
from twinpool.vocabulary.names import Home
from twinpool_services.frontend.context import Commits


class Gate(Protocol):
    """What lets writes through."""

    def check(self, home: Home) -> None:
        """Let a write through. Raises `HomeInDoubt`."""


class GatedCommits:
    """Looks at the gate before each transaction; what is let through is fenced by the store all the same."""

    def __init__(self, commits: Commits, gate: Gate) -> None:
        """Put a gate before commits."""
        self._commits, self._gate = commits, gate

    def commit(self, transaction: Transaction) -> Committed:
        """Commit one. Raises `HomeInDoubt`, and what refused it."""
        self._gate.check(transaction.stream.home)
        return self._commits.commit(transaction)

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit some in their order, each by itself. Raises what kept the store from trying."""
        try:
            for home in {transaction.stream.home for transaction in transactions}:
                self._gate.check(home)
        except HomeInDoubt:
            return self._one_by_one(transactions)
        return self._commits.commit_all(transactions)

    def _one_by_one(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        outcomes: list[Committed | TwinpoolError] = []
        for transaction in transactions:
            try:
                outcomes.append(self.commit(transaction))
            except TwinpoolError as error:
                outcomes.append(error)
        return outcomes
