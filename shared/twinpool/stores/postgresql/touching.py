"""Logging records as they are, for a partner that has to forget what it made of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from twinpool.stores.orphan_rows import told_of
from twinpool.stores.postgresql.connections import Connection
from twinpool.stores.postgresql.failures import Contended
from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.net_effect import owner_and_key, place_of
from twinpool.stores.postgresql.orphans import note_since_fork
from twinpool.stores.postgresql.statements import SQL
from twinpool.stores.postgresql.streams import StreamId
from twinpool.stores.postgresql.writing import ATTEMPTS, entering, standings_of
from twinpool.stores.present_state import change_sets_of
from twinpool.stores.text import check_keys, check_stream
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Generation, Position, Stream
from twinpool.vocabulary.orphan import Untouched

MARK_BYTES = 32  #: so many random ones that no record has them as its value


class PostgresqlTouching(Ground):
    """What both sides of a repair do."""

    def repairs(self, stream: Stream, *, limit: int) -> list[RecordKey]:
        """Return records that hold what only we ever knew; none where all are compared soon."""
        check_stream(stream)
        rows = self._rows("repairs", stream=self._streams.find(stream), after=b"", limit=limit)
        return [RecordKey(*owner_and_key(place)) for (place,) in rows]

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
        stream_id = self._streams.find(stream)
        with self._fenced(generation) as (connection, _):
            connection.execute(SQL["note_repaired"], {"stream": stream_id, "places": [place_of(*key) for key in keys]})
            if stream_id is not None and untouched is not None:
                note_since_fork(connection, stream_id, told_of(keys, untouched))

    def touch(self, stream: Stream, keys: Sequence[RecordKey]) -> Position:
        """Log the present state of records; see `Terms.touch`."""
        check_stream(stream)
        check_keys([(owner, key, None) for owner, key in keys])
        places = sorted({place_of(*key) for key in keys})
        for _ in range(ATTEMPTS - 1):
            try:
                return self._touch(stream, places)
            except Contended:  # certainly rolled back
                continue
        return self._touch(stream, places)

    def _touch(self, stream: Stream, places: list[bytes]) -> Position:
        stream_id = self._streams.make(stream)
        with self._connections.transaction(*entering({stream.home}, [stream_id])) as (connection, begun):
            standing = standings_of(begun[-1])[stream_id]
            refusal = standing.refusal(stream.home, self.pool)
            if refusal is not None:
                raise refusal
            if places:
                log_present(connection, stream_id, standing.record_set, places)
            ((head,),) = connection.execute(SQL["head"], {"stream": stream_id}).fetchall()
        self._notifier.announce((stream,))
        return Position(head)


def log_present(connection: Connection, stream_id: StreamId, record_set: int, places: list[bytes]) -> None:
    """Log records as they are, in a transaction that has its id and the right to write; places are in order.

    Invariant, as for every write: when a position is taken, each of these records is held, those that are not there
    as well. So what is logged is what holds at that position.
    """
    mark = secrets.token_bytes(MARK_BYTES)
    held = connection.execute(
        SQL["hold_records"], {"set": record_set, "places": places, "mark": mark}, binary=True
    ).fetchall()
    changes = [Change(*owner_and_key(place), None if value == mark else value) for place, value in held]
    if absent := [place for place, value in held if value == mark]:
        connection.execute(SQL["delete_records"], {"set": record_set, "places": absent})
    for count, payload in change_sets_of(changes):
        logged = {"streams": [stream_id], "counts": [count], "payloads": [payload]}
        connection.execute(SQL["append_change_sets"], logged)


__all__ = ["PostgresqlTouching", "log_present"]
