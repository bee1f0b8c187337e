"""How many change sets go into one batch when their changes name content (`MaxDataConfPackageSizeKB`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twinpool.modules.module import Module
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.names import Digest
from twinpool.wire import decode_changes


def package(
    change_sets: Sequence[ChangeSet], module: Module, size_of: Callable[[Digest], int], max_bytes: int
) -> Sequence[ChangeSet]:
    """Return as many of them, in order, as name no more content than `max_bytes`; but at least one.

    A batch is applied when all of its content has come, so this bounds how long one batch can take.
    """
    total = 0
    for count, change_set in enumerate(change_sets):
        named = {digest for change in decode_changes(change_set.payload) for digest in module.attachments(change)}
        total += sum(map(size_of, named))
        if total > max_bytes and count:
            return change_sets[:count]
    return change_sets
