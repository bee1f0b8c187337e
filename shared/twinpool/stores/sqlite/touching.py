"""Logging records as they are, for a partner that has to forget what it made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from twinpool.stores.claims import check_writable
from twinpool.stores.orphan_rows import told_of
from twinpool.stores.present_state import change_sets_of
from twinpool.stores.sqlite.ground import Ground, named, stream_number
from twinpool.stores.sqlite.orphans import note_since_fork
from twinpool.stores.sqlite.statements import SQL
from twinpool.stores.text import check_keys, check_stream
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Generation, Home, Instant, Position, Stream
from twinpool.vocabulary.orphan import Untouched


class SqliteTouching(Ground):
    """What both sides of a repair do."""

    def repairs(self, stream: Stream, *, limit: int) -> list[RecordKey]:
        """Return records that hold what only we ever knew; none where all are compared soon."""
        row = self._row("find_stream", named(stream))
        rows = [] if row is None else self._rows("repairs", {"stream": row[0], "limit": limit})
        return [RecordKey(*place) for place in rows]

    def note_repaired(
        self,
        stream: Stream,
        keys: Sequence[RecordKey],
        *,
        untouched: Sequence[Untouched] | None = None,
        generation: Generation,
    ) -> None:
        """Forget repairs, and note what the serving pool has said of the records."""
        check_stream(stream)
        with self._fenced(generation) as connection:
            stream_id = stream_number(connection, stream)
            connection.executemany(SQL["note_repaired"], [(stream_id, *key) for key in keys])
            if untouched is not None:
                note_since_fork(connection, stream_id, told_of(keys, untouched))

    def touch(self, stream: Stream, keys: Sequence[RecordKey]) -> Position:
        """Log the present state of records; see `Terms.touch`."""
        check_stream(stream)
        check_keys([(owner, key, None) for owner, key in keys])
        with self._connections.writing() as connection:
            check_writable(stream.home, known_home(connection, stream.home), pool=self.pool)
            stream_number(connection, stream)
            head = log_present(connection, stream, sorted(set(keys)), self.now())
        self._bell.ring((stream,))
        return head


def known_home(connection: sqlite3.Connection, home: Home) -> HomeStatus | None:
    """Return what is known of a home."""
    row = connection.execute(SQL["find_home"], {"home": home}).fetchone()
    if row is None:
        return None
    term, serving_pool, mode = row
    return HomeStatus(home=home, term=term, serving_pool=serving_pool, mode=Mode(mode))


def log_present(
    connection: sqlite3.Connection, stream: Stream, places: Iterable[tuple[str, str]], at: Instant
) -> Position:
    """Log records as they are; return the head then."""
    stream_id, record_set, head, changes_through, bytes_through = connection.execute(
        SQL["standing"], named(stream)
    ).fetchone()
    for count, payload in change_sets_of(_present(connection, record_set, places)):
        head, changes_through, bytes_through = head + 1, changes_through + count, bytes_through + len(payload)
        row = (stream_id, head, at, count, changes_through, bytes_through, payload)
        connection.execute(SQL["append_change_sets"], row)
    end = {"head": head, "changes_through": changes_through, "bytes_through": bytes_through}
    connection.execute(SQL["move_head"], {"stream": stream_id, **end})
    return Position(head)


def _present(connection: sqlite3.Connection, record_set: int, places: Iterable[tuple[str, str]]) -> Iterable[Change]:
    for owner, key in places:
        row = connection.execute(SQL["record_in_set"], {"set": record_set, "owner": owner, "key": key}).fetchone()
        yield Change(owner, key, None if row is None else row[0])


__all__ = ["SqliteTouching", "known_home", "log_present"]
