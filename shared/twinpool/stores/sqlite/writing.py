"""Committing transactions of clients: records and change sets together, fenced by the homes' modes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from twinpool.errors import HomeNotServed, HomeReadOnly, InvalidRecord, TwinpoolError
from twinpool.stores.sqlite.ground import Ground, named, stream_number
from twinpool.stores.sqlite.net_effect import Effect, bring_about, net_effect, parcels_of
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_keys, check_stream
from twinpool.vocabulary.change import Committed, Transaction
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Home, Instant, PoolFqdn, Position, Stream, Term

Outcome = Committed | TwinpoolError


class SqliteWriting(Ground):
    """Writes of clients."""

    def write(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Commit transactions together; see `Records.write`.

        Invariant: the homes are read, and the positions taken, while we hold the file's only write lock. So no change
        of mode can come between, and positions have no gaps.
        """
        if not transactions:
            return []
        with self._connections.writing() as connection:
            group = _Group(connection, self.pool, self.now())
            outcomes = [group.take(transaction) for transaction in transactions]
            group.finish()
        # Here, and not before, everything is durable.
        if group.tails:
            self._bell.ring(group.tails)
        return outcomes


@dataclass(slots=True)
class _Tail:
    """Where a stream's records are and where its log ends; moves on with each transaction of the group."""

    stream_id: int
    record_set: int
    head: int
    changes_through: int
    bytes_through: int
    effect: Effect = field(default_factory=dict)  #: what the group makes of the records


class _Group:
    """Transactions on their way into one commit."""

    def __init__(self, connection: sqlite3.Connection, pool: PoolFqdn, at: Instant) -> None:
        self._connection, self._pool, self._at = connection, pool, at
        self._standings: dict[Home, Term | TwinpoolError] = {}
        self.tails: dict[Stream, _Tail] = {}  #: of the streams that were written to
        self._change_sets: list[tuple[int, int, float, int, int, int, bytes]] = []

    def take(self, transaction: Transaction) -> Outcome:
        """Add a transaction, unless it is refused."""
        try:
            check_keys(transaction.changes)
            term = self._term(transaction.stream)
        except TwinpoolError as refusal:
            return refusal
        tail = self.tails.get(transaction.stream) or self._find_tail(transaction.stream)
        tail.effect |= net_effect(transaction.changes)
        tail.head += 1
        tail.changes_through += len(transaction.changes)
        tail.bytes_through += len(transaction.payload)
        self._change_sets.append(
            (
                tail.stream_id,
                tail.head,
                self._at,
                len(transaction.changes),
                tail.changes_through,
                tail.bytes_through,
                transaction.payload,
            )
        )
        return Committed(position=Position(tail.head), term=term, at=self._at)

    def finish(self) -> None:
        """Write what was taken."""
        self._connection.executemany(SQL["append_change_sets"], self._change_sets)
        for tail in self.tails.values():
            bring_about(self._connection, tail.record_set, parcels_of(tail.effect))
            self._connection.execute(
                SQL["move_head"],
                {
                    "stream": tail.stream_id,
                    "head": tail.head,
                    "changes_through": tail.changes_through,
                    "bytes_through": tail.bytes_through,
                },
            )

    def _term(self, stream: Stream) -> Term:
        """Return the term in which we serve a stream's home. Raises what refuses us."""
        standing = self._standings.get(stream.home)
        if standing is None:
            standing = self._standings[stream.home] = self._find_standing(stream)
        if isinstance(standing, TwinpoolError):
            raise standing
        return standing

    def _find_standing(self, stream: Stream) -> Term | TwinpoolError:
        try:
            check_stream(stream)
        except InvalidRecord as error:
            return error
        found = self._connection.execute(SQL["find_home"], {"home": stream.home}).fetchone()
        if found is None:
            return HomeNotServed(stream.home, None)
        term, serving_pool, mode = found
        if serving_pool != self._pool:
            return HomeNotServed(stream.home, serving_pool)
        return HomeReadOnly(stream.home) if Mode(mode) is Mode.READ_ONLY else Term(term)

    def _find_tail(self, stream: Stream) -> _Tail:
        stream_number(self._connection, stream)
        found = self._connection.execute(SQL["standing"], named(stream)).fetchone()
        return self.tails.setdefault(stream, _Tail(*found))


__all__ = ["SqliteWriting"]
