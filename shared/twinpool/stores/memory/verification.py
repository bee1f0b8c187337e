"""Digests of records."""

from __future__ import annotations

from collections.abc import Sequence

from twinpool.ports.verification import ReadDigests
from twinpool.stores.memory.ground import Ground, StreamState
from twinpool.stores.text import check_stream
from twinpool.stores.touched import check_method, is_too_much, keys_of
from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange, record_digest
from twinpool.verification.reading import DigestedRecords, keys_of_records
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Position, Stream


class MemoryVerifying(Ground):
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
        with self._lock:
            state = self._state(stream)
            touched = () if behind is None else _touched(state, behind, within)
            places = [] if touched is None else sorted(filter(within.holds, state.records))
            chosen = places[: max(1, limit)]
            return ReadDigests(
                records=DigestedRecords(
                    keys=keys_of_records([RecordKey(*place) for place in chosen]),
                    digests=[record_digest(*place, state.records[place]) for place in chosen],
                ),
                whole=len(chosen) == len(places),
                cursor=state.progress.cursor,
                touched=touched,
                oldest=state.oldest,
            )


def _touched(state: StreamState, behind: Position, within: KeyRange) -> Sequence[RecordKey] | None:
    logged = [change_set for change_set in state.log if change_set.position > behind]
    changes = sum(change_set.change_count for change_set in logged)
    if is_too_much(changes, sum(len(change_set.payload) for change_set in logged)):
        return None
    return keys_of((change_set.payload for change_set in logged), within)


__all__ = ["MemoryVerifying"]
