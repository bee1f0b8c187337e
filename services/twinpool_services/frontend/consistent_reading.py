"""All records of a stream as they were at one position, however much is written meanwhile.

As a snapshot does (decision 1): a walk in short pieces, which holds nothing open in the store, and over it every change
set of the log from before the walk to behind it. Both are spooled on disk first, so that the log is held for as long as
our own disk takes, and not for as long as a client does.

Invariant: what is handed out is a state that the stream once had, at `position`; memory is bounded by a page.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from twinpool.content.files import disk_errors
from twinpool.errors import HomeNotServed, Transient
from twinpool.modules.module import Module, weight_of
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import Instant, Position, Stream, Term
from twinpool.wire import decode_changes, encode_changes
from twinpool_services.backup import LogHold
from twinpool_services.frontend.overrides import Overrides

PAGE_RECORDS = 5_000
PAGE_BYTES = 1024 * 1024
KEEP_EVERY = 2.0  #: seconds between two words that the log is still needed
GAP_SECONDS = 30.0  #: how long a transaction that began before the walk's end may take

_LENGTH = 8  #: bytes before each page of the spool


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOfStream:
    """What is read, beside the records."""

    position: Position
    term: Term
    as_of: Instant  #: by the store's clock, when the walk had ended


class ConsistentReading:
    """Reads a stream of a home that this pool serves. Use it from one thread at a time, and close it."""

    def __init__(self, store: Store, stream: Stream, module: Module, *, owners: Sequence[str], aside: Path) -> None:
        """Read the records of some owners, all if none are named; spool in a directory."""
        self._store, self._stream, self._module = store, stream, module
        self._owners = sorted(set(owners))
        self._hold, self._kept_at = LogHold(store, stream), float("-inf")
        self._overrides = Overrides()
        with disk_errors("spool of an export"):
            self._spool: IO[bytes] = tempfile.TemporaryFile(dir=aside)  # noqa: SIM115 - closed by `close`

    def close(self) -> None:
        """Forget what was spooled."""
        self._overrides.close()
        self._spool.close()

    def prepare(self) -> StateOfStream:
        """Walk and follow the log until both meet. Raises `HomeNotServed`, and `Transient` if the log was cut short."""
        served = self._served()
        position = self._store.settled(self._stream)
        self._hold.take(position)
        try:
            position = self._walk(position)
            position = self._catch_up(position, self._store.head(self._stream))
        finally:
            self._hold.release()
        if self._served().term != served.term:
            raise Transient(f"{self._stream.home} was failed over meanwhile; try again")
        return StateOfStream(position=position, term=served.term, as_of=self._store.now())

    def pages(self) -> Iterator[bytes]:
        """Yield the records as puts, encoded like change sets, in order."""
        gathered: list[Change] = []
        weight = 0
        for record in self._overrides.over(self._walked()):
            if gathered and (weight + weight_of(record) > PAGE_BYTES or len(gathered) >= PAGE_RECORDS):
                yield encode_changes(gathered)
                gathered, weight = [], 0
            gathered.append(Change(*record))
            weight += weight_of(record)
        if gathered:
            yield encode_changes(gathered)

    def _served(self) -> HomeStatus:
        home, pool = self._stream.home, self._store.pool
        known = next((status for status in self._store.homes() if status.home == home), None)
        if known is None or known.serving_pool != pool:
            raise HomeNotServed(home, known.serving_pool if known else None)
        return known

    # ── the walk ────────────────────────────────────────────────────────────────────────────────────────────

    def _walk(self, position: Position) -> Position:
        """Spool all records; return how far the log was followed meanwhile."""
        owners: Sequence[str | None] = self._owners or [None]
        for owner in owners:
            after: RecordKey | None = None
            while records := self._page(after, owner):
                page = encode_changes([Change(*record) for record in records])
                with disk_errors("spool of an export"):
                    self._spool.write(len(page).to_bytes(_LENGTH) + page)
                after = RecordKey(*records[-1][:2])
                position = self._follow(position)
        return position

    def _page(self, after: RecordKey | None, owner: str | None) -> Sequence[Record]:
        if owner is None:
            return self._module.walk(self._store, self._stream, after=after, limit=PAGE_RECORDS, max_bytes=PAGE_BYTES)
        return self._store.scan(self._stream, after=after, limit=16, owner=owner)

    def _walked(self) -> Iterator[Record]:
        with disk_errors("spool of an export"):
            self._spool.seek(0)
            while length := int.from_bytes(self._spool.read(_LENGTH)):
                for owner, key, value in decode_changes(self._spool.read(length)):
                    yield Record(owner, key, value or b"")

    # ── the log behind it ───────────────────────────────────────────────────────────────────────────────────

    def _follow(self, position: Position) -> Position:
        """Note some of what the log holds after a position; return how far that was."""
        change_sets = self._store.collect(self._stream, after=position, max_changes=PAGE_RECORDS, max_bytes=PAGE_BYTES)
        # As the exporter does: if the log begins no later now, nothing was missing when it was read.
        if self._store.oldest(self._stream) > position:
            raise Transient(f"the log of {self._stream} was forgotten while it was read; is LogRetention too short?")
        for change_set in change_sets:
            changes = decode_changes(change_set.payload)
            self._overrides.note(one for one in changes if not self._owners or one.owner in self._owners)
        if change_sets:
            position = change_sets[-1].position
        if time.monotonic() - self._kept_at >= KEEP_EVERY:
            self._hold.keep(position)
            self._kept_at = time.monotonic()
        return position

    def _catch_up(self, position: Position, target: Position) -> Position:
        """Follow until everything is noted that a record of the walk may hold."""
        waited_from = time.monotonic()
        while position < target:
            reached = self._follow(position)
            if reached > position:
                waited_from = time.monotonic()
            elif time.monotonic() - waited_from > GAP_SECONDS:
                raise Transient(f"a transaction of {self._stream} has not ended for {GAP_SECONDS:.0f} s; try again")
            elif reached < target:
                time.sleep(0.01)  # A transaction of others is to end; nothing tells us when it does.
            position = reached
        return position
