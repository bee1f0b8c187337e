"""Removing content that no record, no change in the log and no orphan names any more.

Invariant: content that a change names is here as long as that change may still be sent, or replayed, so the log and
the orphans of which nobody has decided count as much as the records. What is younger than the sweep's grace stays, for
an upload comes before the record that names it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

from twinpool.content.store import ContentStore
from twinpool.modules.registry import Modules
from twinpool.ports.store import ChangeLog, Homes, Records
from twinpool.ports.terms import Orphans
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Digest, Stream
from twinpool.vocabulary.orphan import Orphan
from twinpool.wire import decode_changes

log = logging.getLogger(__name__)

PAGE = 1_000  #: records or changes that are read at a time
PAGE_BYTES = 1024 * 1024


class NamingStore(ChangeLog, Homes, Orphans, Records, Protocol):
    """Where content is named."""


def sweep_content(store: NamingStore, content: ContentStore, modules: Modules, streams: Iterable[Stream]) -> int:
    """Remove what neither these streams nor the records of any other home name; return how many files went.

    A former backup pool's records stay until somebody removes them, and so does the content that they name. Raises
    `StoreUnavailable`.
    """
    named: set[Digest] = set()
    naming = [module for module in modules if module.names_content]
    others = {Stream(status.home, module.name) for status in store.homes() for module in naming}
    for stream in sorted(others.union(streams)):
        module = modules[stream.module]
        if not module.names_content:
            continue
        # The log is read before the records: a change that is pruned meanwhile has long been a record.
        for change in chain(_in_log(store, stream), _in_records(store, stream)):
            named.update(module.attachments(change))
    for orphan in _orphans(store):
        module = modules[orphan.stream.module]
        if module.names_content:
            named.update(module.attachments(orphan.change))
    swept = content.sweep(named.__contains__)
    if swept.files:
        log.info("%d files of content removed", swept.files, extra={"event": "content.swept", "files": swept.files})
    return swept.files


def _orphans(store: Orphans) -> Iterator[Orphan]:
    after = 0
    while orphans := store.orphans(after=after, limit=PAGE, undecided=True):
        yield from orphans
        after = orphans[-1].number


def _in_records(store: Records, stream: Stream) -> Iterator[Change]:
    after: RecordKey | None = None
    while records := store.scan(stream, after=after, limit=PAGE):
        yield from (Change(*record) for record in records)
        after = RecordKey(*records[-1][:2])


def _in_log(store: ChangeLog, stream: Stream) -> Iterator[Change]:
    position = store.oldest(stream)
    while change_sets := store.collect(stream, after=position, max_changes=PAGE, max_bytes=PAGE_BYTES):
        for change_set in change_sets:
            yield from decode_changes(change_set.payload)
        position = change_sets[-1].position
