"""Reading records."""

from __future__ import annotations

from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.text import check_stream, check_text
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.names import Stream

_BEGINNING = RecordKey("", "")


class PostgresqlRecords(Ground):
    """Reads of clients and of snapshots; each is one short statement, so of one moment."""

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""
        check_text(at.owner, at.key)
        row = self._row("read_record", stream=self._known(stream), owner=at.owner, key=at.key)
        return None if row is None else row[0]

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return records in key order; see `Records.scan`."""
        check_text(*(after or ()), owner or "")
        first = _BEGINNING if after is None else _next_to(after)
        parameters = {"stream": self._known(stream), "from_owner": first.owner, "from_key": first.key, "limit": limit}
        if owner is None:
            return [Record(*row) for row in self._rows("scan_records", **parameters)]
        return [Record(*row) for row in self._rows("scan_records_of_owner", owner=owner, **parameters)]

    def record_count(self, stream: Stream) -> int:
        """Count the records of a stream."""
        row = self._row("count_records", stream=self._known(stream))
        return 0 if row is None else row[0]

    def _known(self, stream: Stream) -> int | None:
        check_stream(stream)
        return self._streams.find(stream)


def _next_to(key: RecordKey) -> RecordKey:
    """Return the smallest key above another one: in the order of code points, and without NUL, it is this."""
    return RecordKey(key.owner, key.key + "\x01")


__all__ = ["PostgresqlRecords"]
