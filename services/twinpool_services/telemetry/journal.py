"""What a front end remembers of the way of changes, in rings of bounded size and in memory alone.

Nothing here costs the store anything, and nothing outlives the process: who asks is told from when on it is remembered.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from twinpool.vocabulary.change import Change, Committed
from twinpool.vocabulary.names import ORIGIN, Instant, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import (
    AcknowledgementHeard,
    BatchImported,
    BatchSent,
    BatchSettled,
    ImportStumbled,
    LinkChanged,
    LinkState,
    Observation,
    SessionOpened,
)

MOST_WRITES = 20_000  #: changes of records that this front end has committed
MOST_BATCHES = 4_000  #: sent, and as many imported
MOST_CHANGES_OF_A_WRITE = 200  #: that are remembered one by one


@dataclass(frozen=True, slots=True)
class WriteEntry:
    """A change that this front end has committed."""

    stream: Stream
    owner: str
    key: str
    deletes: bool
    position: Position
    term: Term
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """A batch that this front end has sent. Times are by its own clock."""

    route: Route
    session: SessionId
    number: int
    after: Position = ORIGIN
    last: Position = ORIGIN
    changes: int = 0
    sent_at: Instant | None = None
    outcome: str = ""  #: what the broker said; empty: nothing yet
    settled_at: Instant | None = None
    acknowledged_at: Instant | None = None
    imported_at: Instant | None = None  #: by the importer's store, of the acknowledgement that covered it


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEntry:
    """A batch that this front end has applied."""

    stream: Stream
    session: SessionId
    number: int
    after: Position
    last: Position
    changes: int
    imported_at: Instant  #: by its own clock
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How much a front end remembers."""

    since: Instant  #: nothing from before is known
    writes: int
    batches: int
    imports: int


class Journal:
    """An observer that remembers. Safe to use from many threads; each call holds a lock for microseconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Remember nothing yet."""
        self._clock = clock
        self._since = Instant(clock())
        self._guard = threading.Lock()
        self._writes: deque[WriteEntry] = deque(maxlen=MOST_WRITES)
        self._batches: OrderedDict[tuple[Route, SessionId, int], BatchEntry] = OrderedDict()
        self._unacknowledged: dict[Route, deque[tuple[Route, SessionId, int]]] = {}
        self._imports: deque[ImportEntry] = deque(maxlen=MOST_BATCHES)
        self._failures: dict[Stream, tuple[Instant, str]] = {}
        self._sessions: dict[Route, tuple[Instant, str]] = {}
        self.link: tuple[Instant, LinkState, str] = (self._since, LinkState.IDLE, "")

    # ── remembering ─────────────────────────────────────────────────────────────────────────────────────────

    def wrote(self, stream: Stream, changes: tuple[Change, ...], committed: Committed) -> None:
        """Remember a transaction of this front end."""
        for change in changes[:MOST_CHANGES_OF_A_WRITE]:
            deletes = change.value is None
            self._writes.append(
                WriteEntry(stream, change.owner, change.key, deletes, committed.position, committed.term, committed.at)
            )

    def note(self, observation: Observation, /) -> None:
        """Remember what happened, if it is of the kind that anybody asks for."""
        now = Instant(self._clock())
        with self._guard:
            match observation:
                case LinkChanged(state, reason):
                    self.link = (now, state, reason)
                case SessionOpened(route, _, cause):
                    self._sessions[route] = (now, cause)
                case BatchSent():
                    self._sent(observation, now)
                case BatchSettled(route=route, session=session, number=number):
                    entry = self._entry(route, session, number)
                    self._keep(replace(entry, outcome=observation.outcome.value, settled_at=now))
                case AcknowledgementHeard():
                    self._acknowledged(observation, now)
                case BatchImported():
                    self._imported(observation, now)
                case ImportStumbled(stream, reason):
                    self._failures[stream] = (now, reason)

    def _sent(self, sent: BatchSent, now: Instant) -> None:
        entry = self._entry(sent.route, sent.session, sent.number)
        self._keep(replace(entry, after=sent.after, last=sent.last, changes=sent.changes, sent_at=now))
        waiting = self._unacknowledged.setdefault(sent.route, deque(maxlen=MOST_BATCHES))
        waiting.append((sent.route, sent.session, sent.number))

    def _acknowledged(self, heard: AcknowledgementHeard, now: Instant) -> None:
        """Acknowledgements are cumulative; what an older session sent is never acknowledged by that number."""
        waiting = self._unacknowledged.get(heard.route, deque())
        while waiting and waiting[0][1:] <= (heard.session, heard.number):
            key = waiting.popleft()
            entry = self._batches.get(key)
            if entry is not None and entry.session == heard.session:
                self._keep(replace(entry, acknowledged_at=now, imported_at=heard.imported_at))

    def _imported(self, imported: BatchImported, now: Instant) -> None:
        self._imports.append(
            ImportEntry(
                stream=imported.stream,
                session=imported.session,
                number=imported.number,
                after=imported.after,
                last=imported.last,
                changes=imported.changes,
                imported_at=now,
                seconds=imported.seconds,
            )
        )

    def _entry(self, route: Route, session: SessionId, number: int) -> BatchEntry:
        """Return a batch; what the broker says may be heard before it is known that it was sent."""
        known = self._batches.get((route, session, number))
        return known or BatchEntry(route=route, session=session, number=number)

    def _keep(self, entry: BatchEntry) -> None:
        self._batches[entry.route, entry.session, entry.number] = entry
        while len(self._batches) > MOST_BATCHES:
            self._batches.popitem(last=False)

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────

    def kept(self) -> Kept:
        """Say how much is remembered."""
        with self._guard:
            return Kept(
                since=self._since,
                writes=len(self._writes),
                batches=len(self._batches),
                imports=len(self._imports),
            )

    def writes_of(self, stream: Stream, owner: str, key: str) -> list[WriteEntry]:
        """Return what this front end has committed of a record, newest first."""
        found = [each for each in self._all_writes() if (each.stream, each.owner, each.key) == (stream, owner, key)]
        return found[::-1]

    def batches_with(self, stream: Stream, position: Position) -> list[BatchEntry]:
        """Return the batches that carried a position, in the order in which they were sent."""
        with self._guard:
            entries = list(self._batches.values())
        return [each for each in entries if each.route.stream == stream and each.after < position <= each.last]

    def imports_with(self, stream: Stream, position: Position) -> list[ImportEntry]:
        """Return the imports that applied a position."""
        with self._guard:
            entries = list(self._imports)
        return [each for each in entries if each.stream == stream and each.after < position <= each.last]

    def last_imports(self, stream: Stream, count: int) -> list[ImportEntry]:
        """Return the newest imports of a stream, newest first."""
        with self._guard:
            entries = list(self._imports)
        return [each for each in reversed(entries) if each.stream == stream][:count]

    def session_asked_for(self, route: Route) -> tuple[Instant, str] | None:
        """Return when the newest session of a route was asked for, and why."""
        with self._guard:
            return self._sessions.get(route)

    def _all_writes(self) -> Iterator[WriteEntry]:
        with self._guard:
            writes = self._writes.copy()
        return iter(writes)
