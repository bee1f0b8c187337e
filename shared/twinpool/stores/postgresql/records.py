"""Reading records."""

from __future__ import annotations

from twinpool.stores.postgresql.ground import Ground
from twinpool.stores.postgresql.net_effect import owner_and_key, place_of
from twinpool.stores.text import check_stream, check_text
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.names import Stream

_ABOVE_ALL = b"\xff"  #: no UTF-8 begins with this byte


class PostgresqlRecords(Ground):
    """Reads of clients and of snapshots; each is one short statement, so of one moment."""

    def read(self, stream: Stream, at: RecordKey) -> bytes | None:
        """Return the value of a record, None if there is none."""
        check_text(at.owner, at.key)
        row = self._row("read_record", stream=self._known(stream), place=place_of(at.owner, at.key))
        return None if row is None else row[0]

    def scan(self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None) -> list[Record]:
        """Return records in key order; see `Records.scan`."""
        check_text(*(after or ()), owner or "")
        first = b"" if after is None else place_of(*after) + b"\0"  # the smallest place above it
        end = _ABOVE_ALL
        if owner is not None:
            first, end = max(first, place_of(owner, "")), owner.encode() + b"\1"
        rows = self._rows("scan_records", stream=self._known(stream), first=first, end=end, limit=limit)
        return [Record(*owner_and_key(place), value) for place, value in rows]

    def record_count(self, stream: Stream) -> int:
        """Count the records of a stream."""
        row = self._row("count_records", stream=self._known(stream))
        return 0 if row is None else row[0]

    def _known(self, stream: Stream) -> int | None:
        check_stream(stream)
        return self._streams.find(stream)


__all__ = ["PostgresqlRecords"]
