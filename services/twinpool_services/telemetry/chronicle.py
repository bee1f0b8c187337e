"""What a front end remembers of the last hour, second by second, and of what happened in it: in memory alone.

It listens like everybody else who observes, and once a second what was heard becomes a row. What the store says is
taken from readings that are made anyway: every few seconds for metrics, more often while anybody looks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from twinpool.protocol.classification import age_of_oldest, silence_of
from twinpool.stopping import Stop
from twinpool.vocabulary.names import Instant, Route, Stream
from twinpool.vocabulary.states import ExportState, ImportState
from twinpool_services.backup import (
    BatchImported,
    BatchSent,
    ImportStumbled,
    Observation,
    Reading,
    RefusalHeard,
    RefusalSaid,
    RouteReading,
    SessionOpened,
    StreamReading,
    WorkerView,
)
from twinpool_services.telemetry.tracks import ROUTE_COLUMNS, STREAM_COLUMNS, Range, Track, percentile

MOST_SUBJECTS = 64  #: routes and streams that are remembered
MOST_HAPPENINGS = 1_000
MOST_LAGS = 10_000  #: of one second
READING_COUNTS_FOR = 8.0  #: seconds; an older reading of the store says nothing of now

#: The worse, the higher: several seconds that are shown as one are as bad as the worst of them.
EXPORT_CODES = {
    ExportState.NOT_INITIALIZED: 0,
    ExportState.FINAL: 1,
    ExportState.STEADY: 2,
    ExportState.NON_STEADY: 3,
    ExportState.ERROR: 4,
}
IMPORT_CODES = {ImportState.NORMAL: 1, ImportState.ERROR: 4}

Subject = Route | Stream


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that is told with its word, and not as a number."""

    at: Instant
    subject: Subject
    kind: str  #: `session`, `refusal` or `failure`
    word: str  #: its cause or reason


@dataclass(slots=True)
class _Counted:
    """What was heard of a subject since the last row."""

    sums: dict[str, float] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)

    def add(self, name: str, number: float) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + number

    def highest(self, name: str, number: float) -> None:
        self.sums[name] = max(self.sums.get(name, 0.0), number)


class Chronicle:
    """An observer that remembers numbers. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic) -> None:
        """Remember nothing yet."""
        self._clock, self._ticks = clock, ticks
        self._guard = threading.Lock()
        self._since = Instant(clock())
        self._began = ticks()
        self._second = 0  #: that was written last
        self._counted: dict[Subject, _Counted] = {}
        self._tracks: dict[Subject, Track] = {}
        self._happenings: deque[Happening] = deque(maxlen=MOST_HAPPENINGS)
        self._reading: tuple[float, Reading] | None = None

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def note(self, observation: Observation, /) -> None:
        """Count what happened."""
        with self._guard:
            match observation:
                case BatchSent(route=route):
                    self._sent(self._of(route), observation)
                case BatchImported(stream=stream):
                    self._imported(self._of(stream), observation)
                case SessionOpened(route, _, cause):
                    self._of(route).add("Sessions", 1)
                    self._happened(route, "session", cause)
                case RefusalHeard(route, reason):
                    self._of(route).add("Refusals", 1)
                    self._happened(route, "refusal", reason)
                case ImportStumbled(stream, reason):
                    self._of(stream).add("Failures", 1)
                    self._happened(stream, "failure", reason)
                case RefusalSaid(stream, reason):
                    self._happened(stream, "refusal", reason)

    def note_reading(self, reading: Reading) -> None:
        """Remember what was read from the store, until something newer is."""
        with self._guard:
            self._reading = self._clock(), reading

    def _of(self, subject: Subject) -> _Counted:
        return self._counted.setdefault(subject, _Counted())

    def _happened(self, subject: Subject, kind: str, word: str) -> None:
        self._happenings.append(Happening(Instant(self._clock()), subject, kind, word))

    def _sent(self, counted: _Counted, sent: BatchSent) -> None:
        counted.add("SentChanges", sent.changes)
        counted.add("SentBatches", 1)
        counted.add("SentBytes", sent.wire_bytes)
        counted.highest("LargestBatch", sent.changes)

    def _imported(self, counted: _Counted, imported: BatchImported) -> None:
        counted.add("ImportedChanges", imported.changes)
        counted.add("ImportedBatches", 1)
        counted.highest("BatchSeconds", imported.seconds)
        if len(counted.lags) < MOST_LAGS:
            counted.lags.append(max(0.0, self._clock() - imported.oldest_at))

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def sample(self, view: WorkerView | None) -> None:
        """Write the row of this second: what was counted if this front end is the active one, and the newest reading.

        Seconds go by a clock that nobody sets; a second call within one of them leaves what was counted to the next.
        """
        now = self._clock()
        with self._guard:
            second = int(self._since + self._ticks() - self._began)
            if second <= self._second:
                return
            self._second = second
            counted, self._counted = self._counted, {}
            reading = self._reading[1] if self._reading and now - self._reading[0] <= READING_COUNTS_FOR else None
            rows: dict[Subject, dict[str, float]] = {}
            if view is not None:
                _add_view(rows, view)
            if reading is not None:
                _add_reading(rows, reading)
            for subject, heard in counted.items():
                rows.setdefault(subject, {}).update(_numbers(heard))
            for subject, numbers in rows.items():
                if (track := self._track(subject)) is not None:
                    track.write(second, numbers)

    def run(self, stop: Stop, look: Callable[[], WorkerView | None]) -> None:
        """Write a row every second until asked to stop; the body of a thread."""
        while not stop.wait(1.0 - self._clock() % 1.0):
            self.sample(look())

    def _track(self, subject: Subject) -> Track | None:
        known = self._tracks.get(subject)
        if known is None and len(self._tracks) < MOST_SUBJECTS:
            known = self._tracks[subject] = Track(ROUTE_COLUMNS if isinstance(subject, Route) else STREAM_COLUMNS)
        return known

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def since(self) -> Instant:
        """From when on anything is remembered."""
        return self._since

    def read(self, stream: Stream, wanted: Range) -> dict[Subject, dict[str, list[float | None]]]:
        """Return the numbers of a stream and of the routes that carry it."""
        with self._guard:
            return {
                subject: track.read(wanted) for subject, track in self._tracks.items() if stream_of(subject) == stream
            }

    def happenings(self, stream: Stream, after: float) -> list[Happening]:
        """Return what happened to a stream after a moment, in order."""
        with self._guard:
            return [each for each in self._happenings if each.at > after and stream_of(each.subject) == stream]


def stream_of(subject: Subject) -> Stream:
    """Return the stream of a route, or itself."""
    return subject.stream if isinstance(subject, Route) else subject


def _numbers(counted: _Counted) -> Iterator[tuple[str, float]]:
    yield from counted.sums.items()
    if counted.lags:
        lags = sorted(counted.lags)
        yield from (("LagP50", percentile(lags, 0.5)), ("LagP95", percentile(lags, 0.95)))
        yield "LagP99", percentile(lags, 0.99)


def _add_view(rows: dict[Subject, dict[str, float]], view: WorkerView) -> None:
    """The active front end counts, so what it has not heard has not happened."""
    for export in view.exports:
        zeros = dict.fromkeys(("SentChanges", "SentBatches", "SentBytes", "Sessions", "Refusals"), 0.0)
        rows[export.route] = {**zeros, "InFlight": float(export.in_flight), "Window": float(export.window)}
    for each in view.imports:
        rows[each.stream] = dict.fromkeys(("ImportedChanges", "ImportedBatches", "Failures"), 0.0)


def _add_reading(rows: dict[Subject, dict[str, float]], reading: Reading) -> None:
    for route in reading.routes:
        rows.setdefault(route.route, {}).update(_of_route(route))
    for stream in reading.streams:
        rows.setdefault(stream.role.stream, {}).update(_of_stream(stream))


def _of_route(reading: RouteReading) -> Iterator[tuple[str, float]]:
    progress = reading.progress
    yield "State", EXPORT_CODES[reading.state]
    yield "PendingChanges", progress.pending.changes
    yield "PendingSeconds", age_of_oldest(progress).total_seconds() if progress.pending.changes else 0.0
    yield "HeadPosition", progress.head
    yield "AcknowledgedPosition", progress.ledger.acknowledged
    if progress.ledger.proven_at is not None:
        yield "ProofSeconds", max(0.0, silence_of(progress).total_seconds())


def _of_stream(reading: StreamReading) -> Iterator[tuple[str, float]]:
    yield "State", IMPORT_CODES[reading.state]
    if reading.progress.cursor is not None:
        yield "CursorPosition", reading.progress.cursor.position
