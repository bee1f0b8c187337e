"""Faults planted into the machines and the store, each of which the simulation has to find.

The design defends in depth: the machine checks, and the store checks again. So a fault that shows takes both away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from tests.simulation.shipped import SHIPPED, ShippedExporter, shipped_importer
from twinpool.errors import BrokerUnreachable, ContentMissing, ImportFailed, SessionOvertaken, Transient
from twinpool.protocol.classification import classify_export
from twinpool.protocol.export_steps import Collected, ExportAction, ExportEvent, Heard, NoteAttempt, Outgrow
from twinpool.protocol.exporting import Exporting
from twinpool.protocol.importing import (
    Acknowledge,
    Apply,
    ImportAction,
    ImportEvent,
    Importing,
    SwapIn,
)
from twinpool.protocol.messages import Batch, Opened, Piece
from twinpool.simulation.cast import Cast
from twinpool.simulation.model_store import ModelStore
from twinpool.vocabulary.names import ORIGIN, Generation, Position
from twinpool.vocabulary.session import Cursor, ImportProgress, SessionId, Staging
from twinpool.vocabulary.states import ExportProgress, ExportState
from twinpool_services.backup.exporter import Exporter
from twinpool_services.backup.importer import Importer


class NoSessionFence(ModelStore):
    def _check_session(self, session: SessionId) -> None:
        del session


class NoGenerationFence(ModelStore):
    def _check_generation(self, generation: Generation) -> None:
        del generation


class NoPositionCheck(ModelStore):
    def _check_position(self, stands_at: Position | None, after: Position) -> None:
        del stands_at, after


class NoSettledCheck(ModelStore):
    def _check_settled(self, staging: Staging) -> None:
        del staging


class AcknowledgesFirst(Importing):
    """Says it before it is durable."""

    def handle(self, event: ImportEvent) -> list[ImportAction]:
        return sorted(super().handle(event), key=lambda action: not isinstance(action, Acknowledge))


class RepeatsTooEarly(Importing):
    """Gives as its sign of life the acknowledgement of what is only being applied."""

    def handle(self, event: ImportEvent) -> list[ImportAction]:
        actions = super().handle(event)
        self.last_acknowledged = self._next_acknowledged
        return actions


class TakesAnySession(Importing):
    """Takes batches of sessions that are over."""

    def _numbered(self, message: Batch | Piece) -> list[ImportAction]:
        if message.session != self._open:
            self._open, self._expected = message.session, message.number
            self.progress = replace(self.progress, session=message.session)
        return super()._numbered(message)


class _BlindToPosition(Importing):
    def _plain_batch(self, batch: Batch) -> list[ImportAction] | None:
        if self.progress.cursor is None:
            return super()._plain_batch(batch)
        self._move_to(batch)
        return [Apply(batch)]


class AppliesTwice(_BlindToPosition):
    """Takes what was delivered twice."""

    def _numbered(self, message: Batch | Piece) -> list[ImportAction]:
        self._expected = min(self._expected, message.number)
        return super()._numbered(message)


class SkipsGaps(_BlindToPosition):
    """Takes what comes after a gap."""

    def _numbered(self, message: Batch | Piece) -> list[ImportAction]:
        self._expected = max(self._expected, message.number)
        return super()._numbered(message)


class BeginsWhereItBelieves(Exporting):
    """Opens a session where the last one ended, instead of where the importer says that it stands."""

    believed: Position = ORIGIN

    def handle(self, event: ExportEvent, now: float) -> list[ExportAction]:
        if isinstance(event, Heard) and isinstance(event.message, Opened) and event.message.cursor:
            cursor = Cursor(event.message.cursor.term, max(self.believed, event.message.cursor.position))
            event = Heard(replace(event.message, cursor=cursor))
        if self._run is not None:
            self.believed = max(self.believed, self._run.read_to)
        return super().handle(event, now)


class SwapsEarly(Importing):
    """Takes a snapshot for a state before the changes that came during the walk are on top of it."""

    def _swap_if_settled(self, session: SessionId, staging: Staging) -> list[ImportAction]:
        if staging.settles_at is None:
            return []
        cursor = Cursor(session.term, staging.position)
        self.progress = replace(self.progress, cursor=cursor, staging=None)
        return [SwapIn(session)]


class NeverSwapsLate(Importing):
    """Forgets that a crash may have come between the last piece of a snapshot and its swap."""

    def _noted(self, progress: ImportProgress) -> list[ImportAction]:
        return [action for action in super()._noted(progress) if not isinstance(action, SwapIn)]


class BlindToPruning(Exporting):
    """Reads on behind what was pruned."""

    def handle(self, event: ExportEvent, now: float) -> list[ExportAction]:
        return super().handle(replace(event, oldest=ORIGIN) if isinstance(event, Collected) else event, now)


class ForgetsTheWindow(Exporting):
    """Reads on however much is under way."""

    def handle(self, event: ExportEvent, now: float) -> list[ExportAction]:
        self.limits = replace(self.limits, window=100)
        return super().handle(event, now)


class NeverOutgrows(Exporting):
    """Goes on as it is when the importer has noted sessions that a lost store has forgotten."""

    def handle(self, event: ExportEvent, now: float) -> list[ExportAction]:
        return [action for action in super().handle(event, now) if not isinstance(action, Outgrow)]


class GoesOnWithoutContent(Importer):
    """Takes a request for content that could not be sent for an answer that could not be sent."""

    def _attempt(self, action: ImportAction) -> ImportEvent | None:
        try:
            return self._perform(action)
        except BrokerUnreachable:
            return None
        except (SessionOvertaken, ImportFailed, Transient, ContentMissing) as error:
            return self._failed(action, error)


class NotesLate(Exporter):
    """Notes a failure before the acknowledgement that came before it."""

    def _perform(self, action: ExportAction) -> ExportEvent | None:
        if not isinstance(action, NoteAttempt):
            return super()._perform(action)
        self._store.note_attempt(self.route, failure=action.failure, generation=self._generation)
        return None


def believes_old_proofs(progress: ExportProgress) -> tuple[ExportState, str]:
    """Classify as if every proof were of now."""
    return classify_export(replace(progress, ack_timeout=timedelta(days=1)))


def calls_sent_final(progress: ExportProgress) -> tuple[ExportState, str]:
    """Call it final when all that is pending has been sent within one batch."""
    state, reason = classify_export(progress)
    return (ExportState.FINAL, "") if state is ExportState.STEADY else (state, reason)


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault, and the cast that has it."""

    name: str
    shows_as: str  #: what the violation says
    cast: Cast


PLANTED = (
    Planted("acknowledges before the commit", "before it was durable", replace(SHIPPED, importing=AcknowledgesFirst)),
    Planted(
        "repeats an acknowledgement before the commit",
        "before it was durable",
        replace(SHIPPED, importing=RepeatsTooEarly),
    ),
    Planted("no session check", "is noted", replace(SHIPPED, importing=TakesAnySession, new_store=NoSessionFence)),
    Planted("no duplicate check", "", replace(SHIPPED, importing=AppliesTwice, new_store=NoPositionCheck)),
    Planted("skips a gap", "", replace(SHIPPED, importing=SkipsGaps, new_store=NoPositionCheck)),
    Planted(
        "cursor not asked for",
        "",
        replace(SHIPPED, exporting=BeginsWhereItBelieves, importing=_BlindToPosition, new_store=NoPositionCheck),
    ),
    Planted("no generation fence", "is in office", replace(SHIPPED, new_store=NoGenerationFence)),
    Planted(
        "snapshot swapped in unsettled",
        "the source held",
        replace(SHIPPED, importing=SwapsEarly, new_store=NoSettledCheck),
    ),
    Planted("snapshot never swapped in after a crash", "", replace(SHIPPED, importing=NeverSwapsLate)),
    Planted("reads on behind what was pruned", "", replace(SHIPPED, exporting=BlindToPruning)),
    Planted(
        "applies nothing and acknowledges when content cannot be asked for",
        "",
        replace(SHIPPED, importer=partial(shipped_importer, kind=GoesOnWithoutContent)),
    ),
    Planted(
        "clears a failure by an acknowledgement from before it",
        "a failure was cleared",
        replace(SHIPPED, exporter=partial(ShippedExporter, kind=NotesLate)),
    ),
    Planted(
        "never outgrows what a lost store has forgotten", "no convergence", replace(SHIPPED, exporting=NeverOutgrows)
    ),
    Planted("no window", "the window holds", replace(SHIPPED, exporting=ForgetsTheWindow)),
    Planted("final by an old proof", "without a proof", replace(SHIPPED, classify=believes_old_proofs)),
    Planted("final while changes are pending", "the pools differ", replace(SHIPPED, classify=calls_sent_final)),
)
