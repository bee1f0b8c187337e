"""Which records the serving pool has left as they were at the fork, for a partner that had changed them on its own.

What is said of a record is the fingerprint that it had at the fork. It stays true whatever happens afterwards, so that
an orphan can be judged at any later time: who finds another value there finds a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from twinpool.ports.store import ChangeLog, Records
from twinpool.ports.terms import Terms
from twinpool.ports.verification import Verifying
from twinpool.verification.digests import KeyRange
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Position, Stream, Term
from twinpool.vocabulary.orphan import Untouched, fingerprint
from twinpool.wire import decode_changes

PAGE_CHANGES, PAGE_BYTES = 5_000, 4 * 1024 * 1024  #: of the log, read at a time
MOST_REMEMBERED = 200_000  #: changed records of a stream; with more, the log is read again for each request
EVERYTHING = KeyRange(None, None)


class WitnessedStore(ChangeLog, Records, Terms, Verifying, Protocol):
    """Where it is looked up."""


class Witness:
    """Says what was left untouched since a term began; one for each term of office of the serving pool.

    A request whose answer was lost is made again after its records have been touched, and by the log they were changed
    then; so the newest answer about each stream is remembered. Where even that is lost, a record may be told as changed
    that was not: an operator looks once more. The other way round never happens.
    """

    def __init__(self, store: WitnessedStore) -> None:
        """Know nothing yet."""
        self._store = store
        self._answers: dict[Stream, tuple[Term, frozenset[RecordKey], tuple[Untouched, ...] | None]] = {}
        self._logs: dict[Stream, _ChangedKeys] = {}

    def untouched(self, stream: Stream, keys: Sequence[RecordKey], term: Term) -> tuple[Untouched, ...] | None:
        """Return those of the records that were not changed since our term began; None if that cannot be said.

        To be called before `Terms.touch`, whose entries are changes like any other. Raises `StoreUnavailable`.
        """
        asked = frozenset(keys)
        known = self._answers.get(stream)
        if known is None or known[:2] != (term, asked):
            known = (term, asked, self._look(stream, asked, term))
            self._answers[stream] = known
        return known[2]

    def _look(self, stream: Stream, keys: frozenset[RecordKey], term: Term) -> tuple[Untouched, ...] | None:
        history = self._store.history(stream.home)
        begun = [each.position for each in history if (each.term, each.module) == (term, stream.module)]
        if not begun:
            return None
        # Values first, then the log: whatever had changed a value that we have seen stands in what we read after it.
        found = {key: self._store.read(stream, key) for key in sorted(keys)}
        changed = self._changed(stream, keys, begun[0], term)
        if changed is None or self._store.oldest(stream) > begun[0]:
            return None
        return tuple(
            Untouched(*key, None if value is None else fingerprint(value))
            for key, value in found.items()
            if key not in changed
        )

    def _changed(
        self, stream: Stream, keys: frozenset[RecordKey], begun: Position, term: Term
    ) -> frozenset[RecordKey] | None:
        log = self._logs.get(stream)
        if log is None or log.term != term:
            self._logs[stream] = log = _ChangedKeys(term, begun)
        return log.among(keys, self._store, stream)


class _ChangedKeys:
    """The records of one stream that its log has changes of, read on from where we have read to.

    They are remembered as hashes: two that share one are both told as changed, which is the safe side.
    """

    def __init__(self, term: Term, begun: Position) -> None:
        self.term = term
        self._begun = self._read_to = begun
        self._seen: set[int] = set()
        self._too_many = False

    def among(self, keys: frozenset[RecordKey], store: WitnessedStore, stream: Stream) -> frozenset[RecordKey] | None:
        """Return those of the keys that were changed; None if too much is under way to tell."""
        changed: set[RecordKey] = set()
        for touched in self._pages(store, stream):
            changed |= keys.intersection(touched)
            if not self._too_many:
                self._seen.update(map(hash, touched))
                self._too_many = len(self._seen) > MOST_REMEMBERED
        # What stands behind a gap that is still open, as seen by everybody.
        rest = store.read_digests(stream, EVERYTHING, limit=1, behind=self._read_to).touched
        if rest is None:
            return None
        changed |= keys.intersection(rest)
        if self._too_many:
            self._seen.clear()
            self._read_to = self._begun
        return frozenset(changed | {key for key in keys if hash(key) in self._seen})

    def _pages(self, store: WitnessedStore, stream: Stream) -> Iterator[set[RecordKey]]:
        while sets := store.collect(stream, after=self._read_to, max_changes=PAGE_CHANGES, max_bytes=PAGE_BYTES):
            self._read_to = sets[-1].position
            yield {RecordKey(owner, key) for each in sets for owner, key, _ in decode_changes(each.payload)}


__all__ = ["Witness"]
