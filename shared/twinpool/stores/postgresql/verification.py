"""Digests of records."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from twinpool.errors import StoreUnavailable
from twinpool.ports.verification import MOST_TOUCHED, ReadDigests
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.net_effect import owner_and_key, place_of
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.text import check_stream
from twinpool.stores.touched import is_too_much, keys_of
from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange, digests_of
from twinpool.verification.reading import DigestedRecords, Keys
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, Position, Stream, Term
from twinpool.vocabulary.session import Cursor

_ABOVE_ALL = _BETWEEN_PLACES = b"\xff"  #: there is no such byte in UTF-8
_ROW_HASH = "postgresql-row-hash-"


class PostgresqlVerifying(Ground):
    """Reading for a verification; the server digests, so that values do not travel."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        #: What servers know; a connection leads to one server for as long as it lasts.
        self._known_methods: MutableMapping[Connection, Sequence[DigestMethod]] = WeakKeyDictionary()

    def digest_methods(self) -> Sequence[DigestMethod]:
        """Say how the server can digest; see `Verifying.digest_methods`."""
        with self._connections.session() as connection:
            return self._methods(connection)

    def read_digests(
        self,
        stream: Stream,
        within: KeyRange,
        *,
        limit: int,
        behind: Position | None = None,
        method: DigestMethod = SHA_256,
    ) -> ReadDigests:
        """Digest records of a range, all of one moment; see `Verifying.read_digests`."""
        check_stream(stream)
        limit = max(1, limit)
        this = {"stream": self._streams.find(stream)}
        wanted = {**this, "first": _first(within.after), "end": _end(within.upto), "limit": limit + 1}
        with self._connections.transaction(("one_moment", {})) as (connection, _):
            if method != SHA_256 and method not in self._methods(connection):
                raise StoreUnavailable(f"the server does not make digests by {method} (any more)")
            touched = () if behind is None else _touched(connection, {**this, "after": behind}, within)
            places, digests = ([], []) if touched is None else _digested(connection, wanted, method)
            cursor = connection.execute(SQL["cursor"], this).fetchone()
            oldest = connection.execute(SQL["oldest"], this).fetchone()
        return ReadDigests(
            records=DigestedRecords(keys=Keys(places[:limit], _key, _place), digests=digests[:limit]),
            whole=len(places) <= limit,
            cursor=None if cursor is None else Cursor(Term(cursor[0]), Position(cursor[1])),
            touched=touched,
            oldest=ORIGIN if oldest is None else Position(oldest[0]),
        )

    def _methods(self, connection: Connection) -> Sequence[DigestMethod]:
        known = self._known_methods.get(connection)
        if known is None:
            known = self._known_methods[connection] = _probed(connection)
        return known


def _key(place: bytes) -> RecordKey:
    return RecordKey(*owner_and_key(place))


def _place(key: RecordKey) -> bytes:
    return place_of(*key)


def _first(after: RecordKey | None) -> bytes:
    """Return the least place that is after a key."""
    return b"" if after is None else place_of(*after) + b"\0"


def _end(upto: RecordKey | None) -> bytes:
    return _ABOVE_ALL if upto is None else place_of(*upto) + b"\0"


def _probed(connection: Connection) -> Sequence[DigestMethod]:
    """Find out the methods of the server that a connection leads to.

    Servers from version 14 hash a row some four times as fast as by SHA-256, to 64 bits as well. How is theirs to
    choose, and may depend on version and processor, so the name of that method holds what comes of a probe: who
    hashes otherwise calls it otherwise, and then SHA-256 is what both know.
    """
    row = connection.execute(SQL["can_hash_rows"]).fetchone()
    if row is None or not row[0]:
        return (SHA_256,)
    probe = connection.execute(SQL["hash_of_probe"]).fetchone()
    assert probe is not None  # noqa: S101 - a SELECT without FROM has one row
    return (DigestMethod(f"{_ROW_HASH}{probe[0] % 2**64:016x}"), SHA_256)


def _digested(
    connection: Connection, wanted: Mapping[str, object], method: DigestMethod
) -> tuple[list[bytes], list[int]]:
    """Return places and digests of records, in the order of their places."""
    statement = SQL["digests_within" if method == SHA_256 else "row_hashes_within"]
    row = connection.execute(statement, wanted, binary=True).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has one row
    places, digests = row
    return ([], []) if digests is None else (places.split(_BETWEEN_PLACES), digests_of(digests))


def _touched(connection: Connection, behind: dict[str, object], within: KeyRange) -> Sequence[RecordKey] | None:
    row = connection.execute(SQL["logged_behind_size"], {**behind, "limit": MOST_TOUCHED + 1}).fetchone()
    if row is None or is_too_much(*row):
        return None
    return keys_of([payload for (payload,) in connection.execute(SQL["logged_behind"], behind, binary=True)], within)


__all__ = ["PostgresqlVerifying"]
