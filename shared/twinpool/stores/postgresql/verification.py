"""Digests of records."""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.ports.verification import MOST_TOUCHED, ReadDigests
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.net_effect import owner_and_key, place_of
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.text import check_stream
from twinpool.stores.touched import is_too_much, keys_of
from twinpool.verification.digests import KeyRange, digests_of
from twinpool.verification.reading import DigestedRecords, Keys
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, Position, Stream, Term
from twinpool.vocabulary.session import Cursor

_ABOVE_ALL = b"\xff"  #: no UTF-8 begins with this byte


class PostgresqlVerifying(Ground):
    """Reading for a verification; the server digests, so that values do not travel."""

    def read_digests(
        self, stream: Stream, within: KeyRange, *, limit: int, behind: Position | None = None
    ) -> ReadDigests:
        """Digest records of a range, all of one moment; see `Verifying.read_digests`."""
        check_stream(stream)
        limit = max(1, limit)
        this = {"stream": self._streams.find(stream)}
        wanted = {**this, "first": _first(within.after), "end": _end(within.upto), "limit": limit + 1}
        with self._connections.transaction(("one_moment", {})) as (connection, _):
            rows = connection.execute(SQL["digests_within"], wanted, binary=True).fetchall()
            cursor = connection.execute(SQL["cursor"], this).fetchone()
            oldest = connection.execute(SQL["oldest"], this).fetchone()
            touched = () if behind is None else _touched(connection, {**this, "after": behind})
        return ReadDigests(
            records=DigestedRecords(
                keys=Keys([place for place, _ in rows[:limit]], _key),
                digests=digests_of([digest for _, digest in rows[:limit]]),
            ),
            whole=len(rows) <= limit,
            cursor=None if cursor is None else Cursor(Term(cursor[0]), Position(cursor[1])),
            touched=touched,
            oldest=ORIGIN if oldest is None else Position(oldest[0]),
        )

    def piece_end(self, stream: Stream, *, after: RecordKey | None, count: int) -> RecordKey | None:
        """Return the key of the record that is the `count`th after a key; see `Verifying.piece_end`."""
        check_stream(stream)
        row = self._row("piece_end", stream=self._streams.find(stream), first=_first(after), skipped=count - 1)
        return None if row is None else _key(row[0])


def _key(place: bytes) -> RecordKey:
    return RecordKey(*owner_and_key(place))


def _first(after: RecordKey | None) -> bytes:
    """Return the least place that is after a key."""
    return b"" if after is None else place_of(*after) + b"\0"


def _end(upto: RecordKey | None) -> bytes:
    return _ABOVE_ALL if upto is None else place_of(*upto) + b"\0"


def _touched(connection: Connection, behind: dict[str, object]) -> Sequence[RecordKey] | None:
    row = connection.execute(SQL["logged_behind_size"], {**behind, "limit": MOST_TOUCHED + 1}).fetchone()
    if row is None or is_too_much(*row):
        return None
    return keys_of([payload for (payload,) in connection.execute(SQL["logged_behind"], behind, binary=True)])


__all__ = ["PostgresqlVerifying"]
