"""Whether the files that records name are on the disk, and are what their digests say."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing, InvalidRecord
from twinpool.modules.module import Module
from twinpool.ports.store import Records
from twinpool.verification.digests import KeyRange
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Digest, Stream

PAGE = 200  #: records that one check looks at
ENOUGH_BYTES = 64 * 1024 * 1024  #: of content; then the check ends with this record


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedContent:
    """What a check has found."""

    upto: RecordKey | None  #: the last record looked at; None if there are no more in the range
    files: int  #: that were read
    damaged: tuple[tuple[RecordKey, Digest], ...]


def check_content(
    records: Records, content: ContentStore, module: Module, stream: Stream, within: KeyRange
) -> CheckedContent:
    """Read the files of some records of a range. Raises `StoreUnavailable`.

    A record that is no entry of a file names none; that it is none is found by comparing records.
    """
    damaged: list[tuple[RecordKey, Digest]] = []
    verdicts: dict[Digest, bool] = {}
    size = 0
    page = records.scan(stream, after=within.after, limit=PAGE)
    for owner, key, value in page:
        at = RecordKey(owner, key)
        if not within.holds(at):
            return CheckedContent(upto=None, files=len(verdicts), damaged=tuple(damaged))
        for digest in _named(module, Change(owner, key, value)):
            if digest not in verdicts:
                verdicts[digest], read = _sound(content, digest)
                size += read
            if not verdicts[digest]:
                damaged.append((at, digest))
        if size >= ENOUGH_BYTES:
            return CheckedContent(upto=at, files=len(verdicts), damaged=tuple(damaged))
    upto = RecordKey(*page[-1][:2]) if len(page) == PAGE else None
    return CheckedContent(upto=upto, files=len(verdicts), damaged=tuple(damaged))


def _named(module: Module, change: Change) -> list[Digest]:
    try:
        return list(module.attachments(change))
    except InvalidRecord:
        return []  # the record itself is damaged


def _sound(content: ContentStore, digest: Digest) -> tuple[bool, int]:
    """Tell whether content is what it should be, and how many bytes were read."""
    try:
        size = content.size(digest)
        content.verify(digest)
    except ContentMissing:
        return False, 0
    return True, size
