"""Words of both ends, of which a test names only what it is about."""

from __future__ import annotations

from twinpool.protocol.export_steps import (
    Collected,
    ExportAction,
    ExportEvent,
    Heard,
    LinkUp,
    LogBounds,
    Send,
    Walked,
)
from twinpool.protocol.exporting import Exporting, Limits
from twinpool.protocol.importing import Heard as ImporterHeard
from twinpool.protocol.importing import ImportAction, ImportEvent, Importing, SessionNoted
from twinpool.protocol.messages import (
    Acknowledgement,
    Batch,
    FromExporter,
    Open,
    Opened,
    Piece,
    digest_of_change_sets,
    digest_of_records,
)
from twinpool.vocabulary.change import ChangeSet, Record, RecordKey
from twinpool.vocabulary.names import ORIGIN, Generation, Instant, Position, Term
from twinpool.vocabulary.session import NO_SESSION, Cursor, ImportProgress, SessionId, Staging

LIMITS = Limits(window=2, ack_timeout=30.0)


def session(number: int = 1, generation: int = 1, term: int = 1) -> SessionId:
    return SessionId(Term(term), Generation(generation), number)


def at(position: int, term: int = 1) -> Cursor:
    return Cursor(Term(term), Position(position))


def change_sets(*positions: int) -> list[ChangeSet]:
    return [ChangeSet(Position(position), Instant(0.0), 1, b"%d" % position) for position in positions]


def records(*keys: str) -> list[Record]:
    return [Record("ann", key, b"value") for key in keys]


def staging(position: int, walked_to: str | None = None, settles_at: int | None = None) -> Staging:
    key = None if walked_to is None else RecordKey("ann", walked_to)
    settled = None if settles_at is None else Position(settles_at)
    return Staging(position=Position(position), walked_to=key, settles_at=settled)


def bounds(head: int, oldest: int = 0, settled: int | None = None) -> LogBounds:
    return LogBounds(Position(oldest), Position(head if settled is None else settled), Position(head))


def collected(*positions: int, oldest: int = 0, head: int | None = None) -> Collected:
    newest = head if head is not None else positions[-1] if positions else 0
    return Collected(change_sets(*positions), Position(newest), Position(oldest))


def walked(*keys: str, settles_at: int | None = None) -> Walked:
    return Walked(records(*keys), None if settles_at is None else Position(settles_at))


class Exporter:
    """An exporting machine, what it was told last, and what it said to that."""

    def __init__(self, *, failing: bool = False) -> None:
        self.machine = Exporting(Term(1), Generation(1), LIMITS, failing=failing)
        self.now = 1000.0
        self.sent: list[FromExporter] = []

    def hear(self, event: ExportEvent, after: float = 0.0) -> list[ExportAction]:
        self.now += after
        actions = self.machine.handle(event, self.now)
        self.sent += [action.message for action in actions if isinstance(action, Send)]
        return actions

    def opening(self, log: LogBounds) -> SessionId:
        """Bring it to where it has asked to open a session."""
        self.hear(LinkUp())
        self.hear(log)
        return self.last_open.session

    @property
    def last_open(self) -> Open:
        return [message for message in self.sent if isinstance(message, Open)][-1]

    def opened(self, cursor: Cursor | None, staged: Staging | None = None) -> list[ExportAction]:
        """Let the importer answer the open that was sent last."""
        return self.hear(Heard(Opened(session=self.last_open.session, cursor=cursor, staging=staged)))

    @property
    def last_sent(self) -> Batch | Piece:
        return [message for message in self.sent if isinstance(message, Batch | Piece)][-1]

    def acknowledged(self, message: FromExporter, cursor: Cursor | None) -> list[ExportAction]:
        """Let the importer acknowledge a batch or piece."""
        assert isinstance(message, Batch | Piece)
        return self.hear(Heard(acknowledgement(message, cursor)))


def acknowledgement(message: Batch | Piece, cursor: Cursor | None) -> Acknowledgement:
    return Acknowledgement(
        session=message.session,
        number=message.number,
        cursor=cursor,
        digest=message.digest,
        imported_at=Instant(0.0),
    )


def batch(number: int, after: int, *positions: int, of: SessionId | None = None, staged: bool = False) -> Batch:
    """A batch; without positions it is a canary."""
    sets = change_sets(*positions)
    return Batch(
        session=of or session(),
        number=number,
        after=Position(after),
        last=Position(positions[-1] if positions else after),
        head=Position(100),
        staged=staged,
        change_sets=sets,
        digest=digest_of_change_sets(sets),
    )


def piece(number: int, position: int, walked_from: str | None, *keys: str, settles_at: int | None = None) -> Piece:
    """A piece of a snapshot; it begins one where it is walked from nowhere."""
    found = records(*keys)
    last = keys[-1] if keys else walked_from
    return Piece(
        session=session(),
        number=number,
        begins=walked_from is None,
        position=Position(position),
        walked_from=None if walked_from is None else RecordKey("ann", walked_from),
        walked_to=None if last is None else RecordKey("ann", last),
        settles_at=None if settles_at is None else Position(settles_at),
        records=found,
        digest=digest_of_records(found),
    )


def progress(
    cursor: Cursor | None = None, noted: SessionId = NO_SESSION, staged: Staging | None = None
) -> ImportProgress:
    return ImportProgress(cursor=cursor, session=noted, staging=staged)


def hear(machine: Importing, message: FromExporter) -> list[ImportAction]:
    return machine.handle(ImporterHeard(message))


def opened_importer(cursor: Cursor | None = None, staged: Staging | None = None) -> Importing:
    """An importing machine that has opened session 1 and stands there."""
    machine = Importing(progress(cursor, staged=staged), Term(1))
    asked = hear(machine, Open(session=session(), oldest=ORIGIN, head=Position(100)))
    assert asked
    event: ImportEvent = SessionNoted(progress(cursor, session(), staged))
    machine.handle(event)
    return machine
