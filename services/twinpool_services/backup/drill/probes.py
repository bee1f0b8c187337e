"""What is looked at in a copy, to know whether the pool could serve with it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from twinpool.content.store import ContentStore
from twinpool.errors import InvalidRecord
from twinpool.modules.module import Module
from twinpool.ports.store import Records
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import Stream

PAGE = 500  #: records that are read at once
MOST_COMPLAINTS = 100  #: that a receipt names of a module
CANARIES = 100  #: records of a module that are read one by one


def probe(
    module: Module, records: Records, stream: Stream, content: ContentStore, breathe: Callable[[], None]
) -> tuple[int, list[str]]:
    """Read every record as the module would take it, and some drawn at random by their keys and with their content.

    `breathe` is called between pages. Returns how many there are, and complaints that name the records.
    """
    count, complaints, canaries = 0, [], list[Record]()
    for record in _walk(records, stream, breathe):
        count += 1
        complaints += _rejected(module, record)
        _draw(canaries, record, count)
    complaints += [
        f"{module.name}: {each.owner} {each.key} reads otherwise by its key than in a scan"
        for each in canaries
        if records.read(stream, RecordKey(each.owner, each.key)) != each.value
    ]
    complaints += [told for each in canaries for told in _lacking(module, each, content)]
    if (counted := records.record_count(stream)) != count:
        complaints.append(f"{module.name}: {counted} records are counted, and {count} can be read")
    return count, complaints[:MOST_COMPLAINTS]


def _walk(records: Records, stream: Stream, breathe: Callable[[], None]) -> Iterator[Record]:
    after: RecordKey | None = None
    while page := records.scan(stream, after=after, limit=PAGE):
        yield from page
        breathe()
        after = RecordKey(page[-1].owner, page[-1].key)


def _rejected(module: Module, record: Record) -> list[str]:
    try:
        module.check(Change(*record))
    except InvalidRecord as error:
        return [f"{module.name}: {record.owner} {record.key}: {error}"]
    return []


def _lacking(module: Module, record: Record, content: ContentStore) -> list[str]:
    """Say what of the content that a record names is not at hand; content is only read."""
    told = f"{module.name}: {record.owner} {record.key}"
    try:
        named = list(module.attachments(Change(*record)))
    except InvalidRecord:
        return []  # `_rejected` has complained of it
    return [f"{told}: content {each} is missing" for each in named if not content.has(each)]


def _draw(drawn: list[Record], record: Record, count: int) -> None:
    """Keep a sample in which each of the first `count` records is equally likely."""
    if len(drawn) < CANARIES:
        drawn.append(record)
    elif (place := random.randrange(count)) < CANARIES:  # noqa: S311 - a sample, no secret
        drawn[place] = record


__all__ = ["probe"]
