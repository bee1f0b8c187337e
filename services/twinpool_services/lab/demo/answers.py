"""What clients were told is stored: the measure by which anything counts as lost."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping

from twinpool.modules.data_conf import DataConf, decode_entry
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.names import Stream


class Answers:
    """The newest answered value of each record, as a fingerprint. Safe to use from many threads.

    A record is written by one thread alone, and a write is answered or tried again before the next of its record
    begins; so the newest answer is what the stores have to hold.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._guard = threading.Lock()
        self._newest: dict[Stream, dict[RecordKey, bytes]] = defaultdict(dict)
        self._writes: dict[Stream, int] = defaultdict(int)

    def note(self, stream: Stream, changes: Iterable[Change]) -> None:
        """Note that these changes were answered."""
        found = [(RecordKey(one.owner, one.key), fingerprint(one.value)) for one in changes if one.value is not None]
        self._note(stream, found)

    def note_file(self, stream: Stream, at: RecordKey, digest: str) -> None:
        """Note that the upload of a file was answered."""
        self._note(stream, [(at, digest.encode())])

    def newest(self, stream: Stream) -> Mapping[RecordKey, bytes]:
        """Return what a stream has to hold at least."""
        with self._guard:
            return dict(self._newest[stream])

    @property
    def records(self) -> int:
        """How many records were written."""
        with self._guard:
            return sum(map(len, self._newest.values()))

    @property
    def writes(self) -> int:
        """How many changes were answered in all, whether later ones replaced them or not."""
        with self._guard:
            return sum(self._writes.values())

    def _note(self, stream: Stream, found: list[tuple[RecordKey, bytes]]) -> None:
        with self._guard:
            self._newest[stream].update(found)
            self._writes[stream] += len(found)


def fingerprint(value: bytes) -> bytes:
    """Shorten a value to what tells it from every other."""
    return hashlib.blake2b(value, digest_size=16).digest()


def fingerprint_of(stream: Stream, record: Record) -> bytes:
    """Return what `Answers` would have noted of a record: for a file the digest of its content."""
    if stream.module == DataConf.name:
        return decode_entry(record.value).digest.encode()
    return fingerprint(record.value)
