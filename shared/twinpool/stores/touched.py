"""Which records the log says have changed behind a position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twinpool.ports.verification import MOST_TOUCHED, MOST_TOUCHED_BYTES
from twinpool.vocabulary.change import RecordKey
from twinpool.wire import decode_all


def is_too_much(changes: int, size: int) -> bool:
    """Tell whether so much has changed that the records had better not be told one by one."""
    return changes > MOST_TOUCHED or size > MOST_TOUCHED_BYTES


def keys_of(payloads: Iterable[bytes]) -> Sequence[RecordKey]:
    """Return the records that change sets touch, each once, in order."""
    return sorted({RecordKey(owner, key) for owner, key, _ in decode_all(payloads)})


__all__ = ["is_too_much", "keys_of"]
