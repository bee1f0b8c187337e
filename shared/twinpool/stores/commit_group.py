"""Concurrent client writes of one process share commits, so that the disk's fsync rate does not bound their rate."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from twinpool.errors import TwinpoolError
from twinpool.vocabulary.change import Committed, Transaction

MOST_TOGETHER = 256  #: transactions in one call of the store

#: One for each transaction in their order, or the error that the store's call for the whole group raised.
Outcome = list[Committed | TwinpoolError] | BaseException


@dataclass(slots=True, eq=False)
class _Waiting:
    """One caller's transactions, and a place for their outcome."""

    transactions: Sequence[Transaction]
    outcome: Outcome | None = None
    turn: threading.Event = field(default_factory=threading.Event)  #: set with an outcome, or to lead


class Writing(Protocol):
    """Where transactions are written."""

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit them together; see `Records.write`."""


class CommitGroup:
    """Leads each transaction into the store with those that came at the same time.

    Whoever finds nobody writing leads: it writes what waits, itself included, and hands the lead to the first one
    that came meanwhile. There is no timer, so a lone writer waits for nobody.

    Invariant, under the lock: `_led` exactly while one thread is in the store or has been told to go there; whoever
    waits while nobody leads does not exist.
    """

    def __init__(self, records: Writing, *, most_together: int = MOST_TOGETHER) -> None:
        self._records = records
        self._most_together = most_together
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._led = False

    def commit(self, transaction: Transaction) -> Committed:
        """Commit a transaction. Raises what refused it, or what the store's call for the whole group raised."""
        (outcome,) = self.commit_all((transaction,))
        if isinstance(outcome, TwinpoolError):
            raise outcome
        return outcome

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit transactions in their order, each by itself, as `Records.write` does; wait for the last.

        They stay together, so that no more than a few hundred should be given at once. Raises what the store's call
        for the whole group raised.
        """
        own = _Waiting(transactions)
        with self._lock:
            self._waiting.append(own)
            leads, self._led = not self._led, True
        if not leads:
            own.turn.wait()
        if own.outcome is None:
            self._lead()
        if not isinstance(own.outcome, list):
            raise _own_copy(own.outcome)
        return own.outcome

    def _lead(self) -> None:
        """Write what waits, first come first, and pass the lead on. The caller is the first of those that wait."""
        with self._lock:
            group = self._waiting[: self._fitting()]
            del self._waiting[: len(group)]
        for waiting, outcome in zip(group, self._written(group), strict=True):
            waiting.outcome = outcome
        with self._lock:
            successor = self._waiting[0] if self._waiting else None
            self._led = successor is not None
        if successor is not None:
            successor.turn.set()
        for waiting in group:
            waiting.turn.set()

    def _fitting(self) -> int:
        """Say how many of those that wait fit one call of the store; at least the first."""
        together = 0
        for number, waiting in enumerate(self._waiting):
            together += len(waiting.transactions)
            if number and together > self._most_together:
                return number
        return len(self._waiting)

    def _written(self, group: Sequence[_Waiting]) -> Sequence[Outcome]:
        try:
            outcomes = iter(self._records.write([one for waiting in group for one in waiting.transactions]))
        except BaseException as error:  # noqa: BLE001 - it is raised again, by every caller of the group
            return [error] * len(group)
        return [list(islice(outcomes, len(waiting.transactions))) for waiting in group]


def _own_copy(error: BaseException | None) -> BaseException:
    """Return an error to raise in this thread, for one error raised by several threads would mix their tracebacks."""
    assert error is not None, "who was woken without an outcome has led"  # noqa: S101
    if not isinstance(error, TwinpoolError):
        return error
    own = error.__class__.__new__(error.__class__, *error.args)
    own.args = error.args
    own.__dict__.update(error.__dict__)
    own.__cause__ = error.__cause__
    return own


__all__ = ["MOST_TOGETHER", "CommitGroup", "Writing"]
