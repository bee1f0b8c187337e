"""The log of change sets, as an exporter reads and prunes it."""

from __future__ import annotations

from twinpool.stores.sqlite.ground import Ground, named
from twinpool.stores.sqlite.statements import SQL
from twinpool.vocabulary.change import ChangeSet, Pending
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Stream

NOTHING_PENDING = Pending(changes=0, bytes=0, oldest_at=None)


class SqliteLog(Ground):
    """The logs of all streams."""

    def head(self, stream: Stream) -> Position:
        """Return the position of the newest committed change set ever; ORIGIN if none."""
        row = self._row("head", named(stream))
        return ORIGIN if row is None else Position(row[0])

    def oldest(self, stream: Stream) -> Position:
        """Return up to where the log has been pruned; ORIGIN if never."""
        row = self._row("oldest", named(stream))
        return ORIGIN if row is None else Position(row[0])

    def bounds(self, stream: Stream) -> tuple[Position, Position]:
        """Return up to where the log has been pruned, and its newest position, of one moment."""
        row = self._row("bounds", named(stream))
        return (ORIGIN, ORIGIN) if row is None else (Position(row[0]), Position(row[1]))

    def settled(self, stream: Stream) -> Position:
        """Return the head, for there is one writer and no position is ever given up."""
        return self.head(stream)

    def collect(self, stream: Stream, *, after: Position, max_changes: int, max_bytes: int) -> list[ChangeSet]:
        """Return consecutive change sets after a position; see `ChangeLog.collect`."""
        found: list[ChangeSet] = []
        changes = size = 0
        parameters = named(stream, after=after, max_changes=max(1, max_changes))
        with self._connections.reading() as connection:
            for row in connection.execute(SQL["collect"], parameters):
                changes += row[2]
                size += len(row[3])
                if found and (changes > max_changes or size > max_bytes):
                    break
                found.append(ChangeSet(*row))
        return found

    def pending(self, stream: Stream, *, after: Position) -> Pending:
        """Count what lies behind a position."""
        row = self._row("pending", named(stream, after=after))
        if row is None:
            return NOTHING_PENDING
        changes, size, oldest_at = row
        return Pending(changes=changes, bytes=size, oldest_at=oldest_at)

    def prune(self, stream: Stream, *, up_to: Position, generation: Generation, limit: int = 10_000) -> int:
        """Forget up to `limit` of the oldest change sets at or below a position; return how many went."""
        with self._fenced(generation) as connection:
            last = connection.execute(SQL["prunable"], named(stream, up_to=up_to, limit=limit)).fetchone()
            if last is None:
                return 0
            stream_id, position, changes, size = last
            going = {"stream": stream_id, "up_to": position}
            connection.execute(SQL["note_pruned"], {**going, "changes": changes, "bytes": size})
            return connection.execute(SQL["prune"], going).rowcount

    def log_size(self, stream: Stream) -> int:
        """Return the bytes of payload that the log of a stream holds."""
        row = self._row("log_size", named(stream))
        return 0 if row is None else int(row[0])


__all__ = ["SqliteLog"]
