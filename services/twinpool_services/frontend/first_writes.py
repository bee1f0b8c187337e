"""When a pool took its first write of a term: that is when a failover was over for the users.

Noted once for each home and term, beside the write and after it, so that a write never fails for it. Of two front ends
that take their first write in the same moment the later one may be what is kept; both are milliseconds apart.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from twinpool.errors import StoreUnavailable, TwinpoolError
from twinpool.ports.terms import Operations
from twinpool.vocabulary.change import Committed, Transaction
from twinpool.vocabulary.names import Home, Instant, Term
from twinpool_services.frontend.context import Commits

log = logging.getLogger(__name__)

FIRST_TERM = Term(1)  #: begins with the pool, not with a failover


def first_write(store: Operations, home: Home, term: Term) -> Instant | None:
    """Return when the first write of a term was taken; None if nobody has noted one. Raises `StoreUnavailable`."""
    kept = store.operation(_name(home, term))
    try:
        return None if kept is None else Instant(float(kept))
    except ValueError as error:
        raise StoreUnavailable(f"the first write of {home} in term {term} cannot be understood") from error


class FirstWrites:
    """Commits, and notes the first of each term. Safe to use from many threads."""

    def __init__(self, commits: Commits, store: Operations) -> None:
        """Begin without knowing of any; what another process has noted is found in the store."""
        self._commits, self._store = commits, store
        self._noted: dict[Home, Term] = {}

    def commit(self, transaction: Transaction) -> Committed:
        """Commit one. Raises what refused it."""
        committed = self._commits.commit(transaction)
        self._look(transaction.stream.home, committed)
        return committed

    def commit_all(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        """Commit some in their order, each by itself. Raises what kept the store from trying."""
        outcomes = self._commits.commit_all(transactions)
        for transaction, outcome in zip(transactions, outcomes, strict=True):
            if isinstance(outcome, Committed):
                self._look(transaction.stream.home, outcome)
        return outcomes

    def _look(self, home: Home, committed: Committed) -> None:
        """Pass over all but the first that this process sees of a term; this stands in the way of every write."""
        if committed.term == FIRST_TERM or self._noted.get(home) == committed.term:
            return
        self._noted[home] = committed.term
        try:
            known = first_write(self._store, home, committed.term)
            if known is None or committed.at < known:
                name = _name(home, committed.term)
                self._store.save_operation(name, repr(float(committed.at)).encode(), generation=None)
        except StoreUnavailable as error:
            self._noted.pop(home, None)  # The next write tries again.
            log.debug("first write of %s in term %d not noted: %s", home, committed.term, error)


def _name(home: Home, term: Term) -> str:
    return f"first-write/{home}/{term}"
