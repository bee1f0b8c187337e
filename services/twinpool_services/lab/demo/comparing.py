"""Compares two pools record by record and file by file, straight from their stores: no front end is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from twinpool.content.store import ContentStore
from twinpool.errors import ContentMissing
from twinpool.modules.data_conf import DataConf, decode_entry
from twinpool.ports.store import Records
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Record, RecordKey
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import Digest, Stream
from twinpool_services.lab.demo.answers import Answers, fingerprint_of

PAGE = 2_000  #: records that are in memory at once, of each pool
EXAMPLES = 5  #: so many differences are named

Progress = Callable[[int], None]


@dataclass(slots=True)
class Found:
    """What a comparison has found."""

    equal: int = 0  #: records that both pools hold, byte for byte
    missing: int = 0  #: that only one holds
    different: int = 0
    files: int = 0  #: records of files that both pools hold, and whose content is whole on both disks
    contents: int = 0  #: different contents of those: read from both disks, their digests computed
    content_bytes: int = 0
    files_missing: int = 0  #: records of files whose content is not on a pool's disk, or damaged there
    answered: int = 0  #: newest answered values
    answers_lost: int = 0  #: of those: that a pool does not hold
    by_stream: dict[str, int] = field(default_factory=dict)  #: equal records
    examples: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is missing or different."""
        return not (self.missing or self.different or self.files_missing or self.answers_lost)

    def example(self, text: str) -> None:
        """Name a difference, if it is one of the first."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(text)


@dataclass(slots=True)
class Content:
    """What files of one content have in common."""

    size: int
    names: int = 0  #: records that name it


class Comparison:
    """Compares the stores of two pools; nothing is changed in either."""

    def __init__(self, first: Pool, second: Pool, answers: Answers, progress: Progress) -> None:
        """Compare these; `progress` is told of records and files as they are done."""
        self._pools, self._answers, self._progress = (first, second), answers, progress
        self.found = Found()

    def run(self, streams: Sequence[Stream]) -> Found:
        """Compare streams, the content that they name, and what clients were told. Raises `StoreUnavailable`."""
        contents: dict[Digest, Content] = {}
        with ExitStack() as closing:
            stores = [open_store(pool.store, pool.fqdn) for pool in self._pools]
            for store in stores:
                closing.callback(store.close)
            for stream in streams:
                self._compare(stream, stores[0], stores[1], contents)
        self._verify_contents(contents)
        return self.found

    def _compare(self, stream: Stream, first: Records, second: Records, contents: dict[Digest, Content]) -> None:
        answers = dict(self._answers.newest(stream))
        self.found.answered += len(answers)
        kept = {pool.fqdn: 0 for pool in self._pools}
        equal_before = self.found.equal
        for ours, theirs in _side_by_side(walk(first, stream), walk(second, stream)):
            self._judge(stream, ours, theirs)
            if stream.module == DataConf.name:
                _collect(ours or theirs, contents)
            for pool, record in zip(self._pools, (ours, theirs), strict=True):
                if record is not None:
                    kept[pool.fqdn] += self._keeps_answer(stream, record, answers)
            self._progress(1)
        for fqdn, count in kept.items():
            if lost := len(answers) - count:
                self.found.answers_lost += lost
                self.found.example(f"{stream}: {lost} answered writes are not in {fqdn}")
        self.found.by_stream[str(stream)] = self.found.equal - equal_before

    def _judge(self, stream: Stream, ours: Record | None, theirs: Record | None) -> None:
        if ours == theirs:
            self.found.equal += 1
            return
        one = ours or theirs
        where = f"{stream}: {one.owner} {one.key}" if one is not None else str(stream)
        if ours is None or theirs is None:
            self.found.missing += 1
            holder = self._pools[0 if theirs is None else 1]
            self.found.example(f"{where} is in {holder.fqdn} alone")
        else:
            self.found.different += 1
            self.found.example(f"{where} differs")

    def _keeps_answer(self, stream: Stream, record: Record, answers: Mapping[RecordKey, bytes]) -> int:
        """Return 1 if a record is the newest answered one, else 0."""
        expected = answers.get(RecordKey(record.owner, record.key))
        return int(expected is not None and expected == fingerprint_of(stream, record))

    def _verify_contents(self, contents: Mapping[Digest, Content]) -> None:
        """Read every content from both disks."""
        stores = [(pool.fqdn, ContentStore(pool.content)) for pool in self._pools]
        for digest, content in contents.items():
            missing = 0
            for fqdn, store in stores:
                try:
                    store.verify(digest)
                except ContentMissing as error:
                    missing += 1
                    self.found.example(f"{fqdn}: {error}")
            if missing:
                self.found.files_missing += content.names
            else:
                self.found.files += content.names
                self.found.contents += 1
                self.found.content_bytes += content.size
            self._progress(1)


def _collect(record: Record | None, contents: dict[Digest, Content]) -> None:
    if record is not None:
        entry = decode_entry(record.value)
        contents.setdefault(entry.digest, Content(entry.size)).names += 1


def walk(store: Records, stream: Stream) -> Iterator[Record]:
    """Yield all records of a stream in order of their keys."""
    after: RecordKey | None = None
    while page := store.scan(stream, after=after, limit=PAGE):
        yield from page
        if len(page) < PAGE:
            return
        after = RecordKey(page[-1].owner, page[-1].key)


def _side_by_side(first: Iterator[Record], second: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Yield records of one key together; None where a side has none."""
    ours, theirs = next(first, None), next(second, None)
    while ours is not None or theirs is not None:
        if theirs is None or (ours is not None and ours[:2] < theirs[:2]):
            yield ours, None
            ours = next(first, None)
        elif ours is None or theirs[:2] < ours[:2]:
            yield None, theirs
            theirs = next(second, None)
        else:
            yield ours, theirs
            ours, theirs = next(first, None), next(second, None)
