"""Which records the log says have changed behind a position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twinpool.errors import StoreUnavailable
from twinpool.ports.verification import MOST_TOUCHED, MOST_TOUCHED_BYTES
from twinpool.verification.digests import SHA_256, DigestMethod, KeyRange
from twinpool.vocabulary.change import RecordKey
from twinpool.wire import decode_all


def check_method(method: DigestMethod) -> None:
    """Raise `StoreUnavailable` unless it is the one that every store knows."""
    if method != SHA_256:
        raise StoreUnavailable(f"this store does not make digests by {method}")


def is_too_much(changes: int, size: int) -> bool:
    """Tell whether so much has changed that the records had better not be told one by one."""
    return changes > MOST_TOUCHED or size > MOST_TOUCHED_BYTES


def keys_of(payloads: Iterable[bytes], within: KeyRange) -> Sequence[RecordKey]:
    """Return the records of a range that change sets touch, each once, in order."""
    everything = ((owner, key) for owner, key, _ in decode_all(payloads))
    return [RecordKey(*key) for key in sorted(set(filter(within.holds, everything)))]


__all__ = ["check_method", "is_too_much", "keys_of"]
