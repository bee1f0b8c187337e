"""Digests of records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from twinpool.ports.verification import ReadDigests
from twinpool.stores.sqlite.ground import Ground, named
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_stream
from twinpool.stores.touched import check_method, is_too_much, keys_of
from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange, record_digest
from twinpool.verification.reading import DigestedRecords, keys_of_records
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import ORIGIN, Position, Stream, Term
from twinpool.vocabulary.session import Cursor

_ABOVE_ALL = b""  #: bytes are above every text


class SqliteVerifying(Ground):
    """Reading for a verification."""

    def digest_methods(self) -> Sequence[DigestMethod]:
        """Say how we can digest; see `Verifying.digest_methods`."""
        return (SHA_256,)

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
        check_method(method)
        with self._one_moment() as connection:
            touched = () if behind is None else _touched(connection, stream, behind, within)
            keys, digests, whole = (
                ([], [], True) if touched is None else _digested(connection, stream, within, max(1, limit))
            )
            cursor = connection.execute(SQL["cursor"], named(stream)).fetchone()
            oldest = connection.execute(SQL["oldest"], named(stream)).fetchone()
        return ReadDigests(
            records=DigestedRecords(keys=keys_of_records(keys), digests=digests),
            whole=whole,
            cursor=None if cursor is None else Cursor(Term(cursor[0]), Position(cursor[1])),
            touched=touched,
            oldest=ORIGIN if oldest is None else Position(oldest[0]),
        )

    @contextmanager
    def _one_moment(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection all whose reads see one moment. Writers go on."""
        with self._connections.reading() as connection:
            connection.execute("BEGIN")
            yield connection  # an error closes the connection, and so ends the transaction
            connection.execute("COMMIT")


def _first(after: RecordKey | None) -> dict[str, object]:
    """Return the least place that is after a key, for no key holds NUL."""
    return (
        {"from_owner": "", "from_key": ""} if after is None else {"from_owner": after[0], "from_key": f"{after[1]}\0"}
    )


def _digested(
    connection: sqlite3.Connection, stream: Stream, within: KeyRange, limit: int
) -> tuple[list[RecordKey], list[int], bool]:
    """Digest records one by one, so that at most one value is in memory."""
    to_owner, to_key = within.upto or (_ABOVE_ALL, "")
    parameters = named(stream, **_first(within.after), to_owner=to_owner, to_key=to_key, limit=limit + 1)
    keys: list[RecordKey] = []
    digests: list[int] = []
    for owner, key, value in connection.execute(SQL["records_within"], parameters):
        if len(keys) == limit:
            return keys, digests, False
        keys.append(RecordKey(owner, key))
        digests.append(record_digest(owner, key, value))
    return keys, digests, True


def _touched(
    connection: sqlite3.Connection, stream: Stream, behind: Position, within: KeyRange
) -> Sequence[RecordKey] | None:
    row = connection.execute(SQL["pending"], named(stream, after=behind)).fetchone()
    if row is None:
        return []
    if is_too_much(row[0], row[1]):
        return None
    logged = connection.execute(SQL["logged_behind"], named(stream, after=behind))
    return keys_of([payload for (payload,) in logged], within)


__all__ = ["SqliteVerifying"]
