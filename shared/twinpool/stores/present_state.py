"""Change sets that say how records are now, for those who have it otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from twinpool.vocabulary.change import Change
from twinpool.wire import encode_changes

ENOUGH_BYTES = 4 * 1024 * 1024  #: of keys and values; then the next change set begins
ENOUGH_CHANGES = 10_000


def change_sets_of(changes: Iterable[Change]) -> Iterator[tuple[int, bytes]]:
    """Encode changes as few change sets, (number of changes, payload), none much larger than its largest record.

    Raises `InvalidRecord` for what cannot travel at all.
    """
    gathered: list[Change] = []
    size = 0
    for change in changes:
        owner, key, value = change
        more = 4 * (len(owner) + len(key)) + len(value or b"")  # a character takes four bytes at most
        if gathered and (size + more > ENOUGH_BYTES or len(gathered) == ENOUGH_CHANGES):
            yield len(gathered), encode_changes(gathered)
            gathered, size = [], 0
        gathered.append(change)
        size += more
    if gathered:
        yield len(gathered), encode_changes(gathered)


__all__ = ["change_sets_of"]
