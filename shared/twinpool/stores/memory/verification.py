"""Digests of records."""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.ports.verification import ReadDigests
from twinpool.stores.memory.ground import Ground, StreamState
from twinpool.stores.text import check_stream
from twinpool.stores.touched import is_too_much, keys_of
from twinpool.verification.digests import KeyRange, record_digest
from twinpool.verification.reading import DigestedRecords, keys_of_records
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Position, Stream


class MemoryVerifying(Ground):
    """Reading for a verification."""

    def read_digests(
        self, stream: Stream, within: KeyRange, *, limit: int, behind: Position | None = None
    ) -> ReadDigests:
        """Digest records of a range, all of one moment; see `Verifying.read_digests`."""
        check_stream(stream)
        with self._lock:
            state = self._state(stream)
            places = sorted(place for place in state.records if within.holds(RecordKey(*place)))
            chosen = places[: max(1, limit)]
            return ReadDigests(
                records=DigestedRecords(
                    keys=keys_of_records([RecordKey(*place) for place in chosen]),
                    digests=[record_digest(*place, state.records[place]) for place in chosen],
                ),
                whole=len(chosen) == len(places),
                cursor=state.progress.cursor,
                touched=() if behind is None else _touched(state, behind),
                oldest=state.oldest,
            )

    def piece_end(self, stream: Stream, *, after: RecordKey | None, count: int) -> RecordKey | None:
        """Return the key of the record that is the `count`th after a key; see `Verifying.piece_end`."""
        check_stream(stream)
        with self._lock:
            places = sorted(place for place in self._state(stream).records if after is None or place > after)
        return RecordKey(*places[count - 1]) if len(places) >= count else None


def _touched(state: StreamState, behind: Position) -> Sequence[RecordKey] | None:
    logged = [change_set for change_set in state.log if change_set.position > behind]
    changes = sum(change_set.change_count for change_set in logged)
    if is_too_much(changes, sum(len(change_set.payload) for change_set in logged)):
        return None
    return keys_of(change_set.payload for change_set in logged)


__all__ = ["MemoryVerifying"]
