"""Committing transactions of clients: records and change sets together, fenced by the homes' modes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinpool.errors import HomeNotServed, HomeReadOnly, InvalidRecord, TwinpoolError
from twinpool.stores.postgresql.arrays import ByteaArray
from twinpool.stores.postgresql.connections import Statement
from twinpool.stores.postgresql.failures import Contended
from twinpool.stores.postgresql.ground import Ground, lock_number
from twinpool.stores.postgresql.net_effect import Effect, net_effect, write_beside_others
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import StreamId
from twinpool.stores.text import check_keys, check_stream
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Home, Instant, PoolFqdn, Position, Stream, Term

ATTEMPTS = 5  #: how often a transaction is begun that the server rolls back for the sake of others

Outcome = Committed | TwinpoolError
Group = dict[int, Transaction]  #: transactions by their place in what the caller gave


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a writer has to know of a stream, as it is while the writer holds the home's lock."""

    record_set: int
    term: Term | None  #: None if the home is not known
    serving_pool: PoolFqdn | None
    mode: Mode | None

    def refusal(self, home: Home, pool: PoolFqdn) -> TwinpoolError | None:
        """Say why a pool takes no writes, None if it does."""
        if self.serving_pool != pool:
            return HomeNotServed(home, self.serving_pool)
        return HomeReadOnly(home) if self.mode is Mode.READ_ONLY else None


class PostgresqlWriting(Ground):
    """Writes of clients."""

    def write(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Commit transactions together; see `Records.write`."""
        outcomes: dict[int, Outcome] = {}
        group: Group = {}
        for index, transaction in enumerate(transactions):
            refused = _unstorable(transaction)
            if refused is None:
                group[index] = transaction
            else:
                outcomes[index] = refused
        outcomes |= self._commit_in_the_end(group)
        return [outcomes[index] for index in range(len(transactions))]

    def _commit_in_the_end(self, group: Group) -> dict[int, Outcome]:
        if not group:
            return {}
        for _ in range(ATTEMPTS - 1):
            try:
                return self._commit(group)
            except Contended:  # certainly rolled back; any other failure may be of unknown outcome and is the caller's
                continue
        return self._commit(group)

    def _commit(self, group: Group) -> dict[int, Outcome]:
        streams = {stream: self._streams.make(stream) for stream in {each.stream for each in group.values()}}
        return self._commit_at_once(group, streams) or self._commit_in_steps(group, streams)

    def _commit_at_once(self, group: Group, streams: Mapping[Stream, StreamId]) -> dict[int, Outcome]:
        """Commit a group in one journey to the server; write nothing and return nothing if any of it is refused."""
        if len(streams) == 1 and (effects := puts_alone(group.values())) is not None:
            return self._commit_puts(group, next(iter(streams.items())), effects)
        rows = self._rows("write_group", pool=self.pool, **_all_of(group.values(), streams))
        if not rows:
            return {}
        # Here, and not before, everything is durable.
        self._notifier.announce(streams)
        standing: defaultdict[StreamId, deque[Committed]] = defaultdict(deque)
        for stream_id, position, at, term in rows:
            standing[stream_id].append(Committed(position=Position(position), term=Term(term), at=Instant(at)))
        return {index: standing[streams[transaction.stream]].popleft() for index, transaction in group.items()}

    def _commit_puts(
        self, group: Group, place: tuple[Stream, StreamId], effects: Sequence[tuple[str, bytes]]
    ) -> dict[int, Outcome]:
        """Likewise, for puts of one stream, which are most of what is written."""
        stream, stream_id = place
        rows = self._rows(
            "write_stream",
            pool=self.pool,
            lock=lock_number("home", stream.home),
            stream=stream_id,
            places=ByteaArray.of([name.encode() for name, _ in effects]),
            contents=ByteaArray.of([value for _, value in effects]),
            counts=[len(transaction.changes) for transaction in group.values()],
            payloads=ByteaArray.of([transaction.payload for transaction in group.values()]),
        )
        if not rows:
            return {}
        # Here, and not before, everything is durable.
        self._notifier.announce((stream,))
        return {
            index: Committed(position=Position(position), term=Term(term), at=Instant(at))
            for index, (position, at, term) in zip(group, rows, strict=True)
        }

    def _commit_in_steps(self, group: Group, streams: Mapping[Stream, StreamId]) -> dict[int, Outcome]:
        """Commit what is not refused, and say why the rest is."""
        homes = {stream.home for stream in streams}
        outcomes: dict[int, Outcome] = {}
        with self._connections.transaction(*entering(homes, list(streams.values()))) as (connection, begun):
            standings = standings_of(begun[-1])
            accepted: dict[int, tuple[Transaction, StreamId, Standing]] = {}
            for index, transaction in group.items():
                stream_id = streams[transaction.stream]
                refusal = standings[stream_id].refusal(transaction.stream.home, self.pool)
                if refusal is None:
                    accepted[index] = (transaction, stream_id, standings[stream_id])
                else:
                    outcomes[index] = refusal
            if not accepted:
                return outcomes
            write_beside_others(connection, _effects(accepted.values()))
            logged = connection.execute(*_appending(list(accepted.values())), binary=True)
        # Here, and not before, everything is durable.
        self._notifier.announce(streams)
        for (index, (_, _, standing)), (position, at) in zip(accepted.items(), logged.fetchall(), strict=True):
            assert standing.term is not None, "a home that is served has a term"  # noqa: S101
            outcomes[index] = Committed(position=Position(position), term=standing.term, at=Instant(at))
        return outcomes


def puts_alone(group: Iterable[Transaction]) -> list[tuple[str, bytes]] | None:
    """Return what becomes of the records that transactions of one stream put; None if they delete any."""
    changes = [change for transaction in group for change in transaction.changes]
    if any(change.value is None for change in changes):
        return None
    return [(place, value) for place, value in net_effect(changes) if value is not None]


def _all_of(group: Iterable[Transaction], streams: Mapping[Stream, StreamId]) -> dict[str, object]:
    """Return the parameters of the statement `write_group`; what is to be deleted is put first, see `net_effect`."""
    transactions = list(group)
    changes: defaultdict[StreamId, list[Change]] = defaultdict(list)
    for transaction in transactions:
        changes[streams[transaction.stream]] += transaction.changes
    effects = [(stream, *each) for stream, of_stream in changes.items() for each in net_effect(of_stream)]
    gone = [(stream, place.encode()) for stream, place, value in effects if value is None]
    return {
        "locks": sorted({lock_number("home", stream.home) for stream in streams}),
        "streams": list(streams.values()),
        "put_streams": [stream for stream, _, _ in effects],
        "places": ByteaArray.of([place.encode() for _, place, _ in effects]),
        "contents": ByteaArray.of([value or b"" for _, _, value in effects]),
        "gone_streams": [stream for stream, _ in gone],
        "gone_places": [place for _, place in gone],
        "logged_streams": [streams[transaction.stream] for transaction in transactions],
        "counts": [len(transaction.changes) for transaction in transactions],
        "payloads": ByteaArray.of([transaction.payload for transaction in transactions]),
    }


def entering(homes: set[Home], streams: list[StreamId]) -> list[Statement]:
    """Return how a writing transaction begins: take its id, hold off changes of mode, read what holds until it ends.

    The order matters. The id comes before any position (see `gaps`). The homes are read by a statement that begins
    after their locks were granted, so it sees the mode that a change has just left behind.
    """
    return [
        ("take_transaction_id", {}),
        ("share_homes", {"locks": sorted(lock_number("home", home) for home in homes)}),
        ("standing", {"streams": streams}),
    ]


def standings_of(rows: Iterable[tuple[Any, ...]]) -> dict[StreamId, Standing]:
    """Read the rows of the statement `standing`."""
    return {
        stream_id: Standing(
            record_set=record_set, term=term, serving_pool=serving_pool, mode=None if mode is None else Mode(mode)
        )
        for stream_id, record_set, term, serving_pool, mode in rows
    }


def _appending(
    accepted: Sequence[tuple[Transaction, StreamId, Standing]],
) -> tuple[bytes, dict[str, list[int] | list[bytes]]]:
    """Return the statement that logs transactions, and its parameters."""
    return SQL["append_change_sets"], {
        "streams": [stream_id for _, stream_id, _ in accepted],
        "counts": [len(transaction.changes) for transaction, _, _ in accepted],
        "payloads": [transaction.payload for transaction, _, _ in accepted],
    }


def _effects(accepted: Iterable[tuple[Transaction, StreamId, Standing]]) -> dict[int, Effect]:
    """Return what becomes of the records of each record set."""
    changes: defaultdict[int, list[Change]] = defaultdict(list)
    for transaction, _, standing in accepted:
        changes[standing.record_set] += transaction.changes
    return {record_set: net_effect(of_set) for record_set, of_set in changes.items()}


def _unstorable(transaction: Transaction) -> InvalidRecord | None:
    try:
        check_stream(transaction.stream)
        check_keys(transaction.changes)
    except InvalidRecord as error:
        return error
    return None


__all__ = ["PostgresqlWriting", "Standing", "entering", "standings_of"]
