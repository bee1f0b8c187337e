"""Reading records."""

from __future__ import annotations

from twinpool.stores.sqlite.ground import Ground, named
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.names import Stream


class SqliteRecords(Ground):
    """The records of all streams."""

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""
        row = self._row("read_record", named(stream, owner=at.owner, key=at.key))
        return None if row is None else row[0]

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return up to `limit` records in key order after `after`, of one owner if given."""
        # No key holds NUL, so this is the least that can follow.
        from_owner, from_key = ("", "") if after is None else (after.owner, f"{after.key}\0")
        if owner is None:
            rows = self._rows("scan_records", named(stream, from_owner=from_owner, from_key=from_key, limit=limit))
        elif from_owner > owner:
            rows = []
        else:
            from_key = from_key if from_owner == owner else ""
            parameters = named(stream, owner=owner, from_key=from_key, limit=limit)
            rows = self._rows("scan_records_of_owner", parameters)
        return [Record(*row) for row in rows]

    def record_count(self, stream: Stream) -> int:
        """Count the records of a stream."""
        ((count,),) = self._rows("count_records", named(stream))
        return int(count)


__all__ = ["SqliteRecords"]
