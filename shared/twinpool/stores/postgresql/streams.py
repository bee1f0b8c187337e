"""Streams by number, and their sequences of positions."""

from __future__ import annotations

from psycopg import sql

from twinpool.stores.postgresql.connections import Connections
from twinpool.stores.postgresql.statements import SQL
from twinpool.vocabulary.names import Stream

StreamId = int


class Streams:
    """Knows the numbers of streams; once given they never change, so they are remembered."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._known: dict[Stream, StreamId] = {}

    def find(self, stream: Stream) -> StreamId | None:
        """Return the number of a stream, None if nothing was ever stored of it."""
        if (known := self._known.get(stream)) is not None:
            return known
        with self._connections.session() as connection:
            row = connection.execute(SQL["find_stream"], _names(stream)).fetchone()
        return None if row is None else self._known.setdefault(stream, row[0])

    def make(self, stream: Stream) -> StreamId:
        """Return the number of a stream, adding it with its sequence if there is none."""
        found = self.find(stream)
        if found is not None:
            return found
        self._add(stream)
        found = self.find(stream)
        assert found is not None, "a stream that was added is found"  # noqa: S101 - cannot be otherwise
        return found

    def _add(self, stream: Stream) -> None:
        # Who adds the row adds the sequence, in one transaction; a second process waits at the row's unique key.
        with self._connections.session() as connection, connection.transaction():
            row = connection.execute(SQL["add_stream"], _names(stream)).fetchone()
            if row is not None:
                sequence = sql.Identifier(f"position_of_{row[0]}")
                connection.execute(sql.SQL("CREATE SEQUENCE {}").format(sequence))


def _names(stream: Stream) -> dict[str, str]:
    return {"home": stream.home, "module": stream.module}


__all__ = ["StreamId", "Streams"]
