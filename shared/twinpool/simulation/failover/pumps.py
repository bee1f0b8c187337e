"""The two ends of a stream's protocol at work on a store, with as little around them as will do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twinpool.errors import ImportFailed, SessionOvertaken, StoreUnavailable
from twinpool.ports.store import Store
from twinpool.protocol import importing
from twinpool.protocol.export_steps import (
    Collect,
    Collected,
    ExportAction,
    ExportEvent,
    Heard,
    LinkUp,
    LogBounds,
    NoteAcknowledged,
    NoteAttempt,
    NoteOpened,
    ReadBounds,
    ReadFailed,
    Send,
    StepDown,
    Tick,
    Walked,
)
from twinpool.protocol.exporting import Exporting, Limits
from twinpool.protocol.importing import (
    Acknowledge,
    Apply,
    Begin,
    BeginStaging,
    Failed,
    ImportAction,
    ImportEvent,
    Importing,
    NoteSession,
    Reply,
    SessionNoted,
    Stage,
    StageChanges,
)
from twinpool.protocol.messages import Acknowledgement, Batch, FromExporter, FromImporter, Piece, StreamMessage
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.home import fork
from twinpool.vocabulary.names import Generation, Instant, Route, Stream, Term
from twinpool.wire import decode_changes

LIMITS = Limits(window=3, ack_timeout=6.0)

Sender = Callable[[StreamMessage], None]


class ExportPump:
    """One route's exporter."""

    def __init__(self, route: Route, term: Term, store: Store, generation: Generation, send: Sender) -> None:
        """Begin with the link up at the first tick."""
        self.route, self.stepped_down = route, Term(0)
        self._store, self._generation, self._send = store, generation, send
        failing = store.export_ledger(route).failure is not None
        self._machine = Exporting(term, generation, LIMITS, failing=failing)
        self._linked = False

    def hear(self, message: FromImporter, now: float) -> None:
        """Take the importer's word in."""
        self._feed(Heard(message), now)

    def turn(self, now: float) -> None:
        """Let time pass, and send what there is."""
        self._feed(Tick() if self._linked else LinkUp(), now)
        self._linked = True
        try:
            self._read(now)
        except StoreUnavailable as error:
            self._feed(ReadFailed(str(error)), now)

    def _read(self, now: float) -> None:
        stream = self.route.stream
        while wanted := self._machine.wanted():
            if isinstance(wanted, Collect):
                sets = self._store.collect(stream, after=wanted.after, max_changes=4, max_bytes=100_000)
                event: ExportEvent = Collected(sets, self._store.head(stream), self._store.oldest(stream))
                self._feed(event, now)
                if not sets:
                    return
                continue
            records = self._store.scan(stream, after=wanted.after, limit=4)
            self._feed(Walked(records, None if records else self._store.head(stream)), now)

    def _feed(self, event: ExportEvent, now: float) -> None:
        events: deque[ExportEvent] = deque([event])
        while events:
            for action in self._machine.handle(events.popleft(), now):
                try:
                    answer = self._perform(action)
                except StoreUnavailable as error:
                    events.append(ReadFailed(str(error)))
                    break
                if answer is not None:
                    events.append(answer)

    def _perform(self, action: ExportAction) -> ExportEvent | None:
        store, route, stream = self._store, self.route, self.route.stream
        match action:
            case ReadBounds():
                return LogBounds(store.oldest(stream), store.settled(stream), store.head(stream))
            case Send(message):
                self._send(message)
            case NoteOpened(acknowledged):
                store.note_opened(route, acknowledged=acknowledged, generation=self._generation)
            case NoteAcknowledged(position):
                store.note_acknowledged(route, position, generation=self._generation)
            case NoteAttempt(failure):
                store.note_attempt(route, failure=failure, generation=self._generation)
            case StepDown(term):
                self.stepped_down = term
            case _:
                raise AssertionError(f"{action} has no place here: no store is lost")
        return None


class ImportPump:
    """One stream's importer."""

    def __init__(self, stream: Stream, term: Term, store: Store, generation: Generation, send: Sender) -> None:
        """Begin where the store stands."""
        self.stream = stream
        self._store, self._generation, self._send = store, generation, send
        progress = store.import_progress(stream)
        above = progress.cursor.term if progress.cursor else term
        parted_at = fork(store.history(stream.home), stream.module, above=above)
        self.machine = Importing(progress, term, parted_at)

    def hear(self, message: FromExporter) -> None:
        """Take the exporter's word in."""
        events: deque[ImportEvent] = deque([importing.Heard(message)])
        while events:
            for action in self.machine.handle(events.popleft()):
                try:
                    answer = self._perform(action)
                except (SessionOvertaken, ImportFailed) as error:
                    answer = Failed(str(error), self._store.import_progress(self.stream))
                if answer is not None:
                    events.append(answer)
                if isinstance(answer, Failed):
                    break

    def _perform(self, action: ImportAction) -> ImportEvent | None:
        store, stream, fence = self._store, self.stream, self._generation
        match action:
            case NoteSession(session):
                return SessionNoted(store.note_session(stream, session, generation=fence))
            case Begin(session):
                store.begin(stream, session=session, generation=fence)
            case Apply(batch):
                store.apply(stream, _changes(batch), generation=fence, **_way(batch))
            case BeginStaging(piece):
                store.begin_staging(stream, session=piece.session, position=piece.position, generation=fence)
            case Stage(piece):
                self._stage(piece)
            case StageChanges(batch):
                store.stage_changes(stream, _changes(batch), generation=fence, **_way(batch))
            case importing.SwapIn(session):
                store.swap_in(stream, session=session, generation=fence)
            case Acknowledge(session, number, cursor, digest):
                at = Instant(0.0)
                self._send(
                    Acknowledgement(session=session, number=number, cursor=cursor, digest=digest, imported_at=at)
                )
            case Reply(message):
                self._send(message)
        return None

    def _stage(self, piece: Piece) -> None:
        self._store.stage(
            self.stream,
            piece.records,
            session=piece.session,
            walked_to=piece.walked_to,
            settles_at=piece.settles_at,
            generation=self._generation,
        )


def _changes(batch: Batch) -> list[Change]:
    return [change for each in batch.change_sets for change in decode_changes(each.payload)]


def _way(batch: Batch) -> dict[str, Any]:
    return {"session": batch.session, "after": batch.after, "upto": batch.last}
