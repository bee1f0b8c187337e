"""Carrying out what the exporting end of the protocol asks for: reading our store, writing the ledger, sending."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from twinpool.errors import BrokerUnreachable, LeaseLost, StoreUnavailable
from twinpool.modules.module import Module
from twinpool.ports.store import ChangeLog, ExportLedgers, Records
from twinpool.protocol.export_steps import (
    Collect,
    Collected,
    ExportAction,
    ExportEvent,
    LinkDown,
    LogBounds,
    NoteAcknowledged,
    NoteAttempt,
    NoteOpened,
    Outgrow,
    ReadBounds,
    ReadFailed,
    Send,
    StepDown,
    Walk,
    Walked,
)
from twinpool.protocol.exporting import Exporting
from twinpool.protocol.messages import FromExporter
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.names import Generation, Position, Route, Term
from twinpool_services.backup.pacing import Haul, haul_of

log = logging.getLogger(__name__)


class SourceStore(ChangeLog, ExportLedgers, Records, Protocol):
    """What an exporter needs of the pool store."""

    def raise_generation(self, at_least: Generation, *, generation: Generation) -> None:
        """Make way for a higher generation; see `Leases.raise_generation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """How much is read for one batch or piece."""

    changes: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How an exporter goes about it."""

    trim: Callable[[Sequence[ChangeSet]], Sequence[ChangeSet]] = lambda change_sets: change_sets  #: shortens a batch
    #: Seconds between two acknowledgements that are made durable: each is a commit, and noting one late is always safe.
    note_every: float = 0.0
    monotonic: Callable[[], float] = time.monotonic


class Exporter:
    """One route's exporter: the protocol's machine, and the store and broker that it works on.

    Has no thread and no clock of its own beyond the monotonic one given, so that a simulation can drive it.
    """

    def __init__(
        self,
        *,
        route: Route,
        machine: Exporting,
        module: Module,
        store: SourceStore,
        generation: Generation,
        send: Callable[[FromExporter], None],
        habits: Habits | None = None,
    ) -> None:
        """Bind the parts. `send` raises `BrokerUnreachable` while the link is down."""
        self.route, self.machine = route, machine
        self.stepped_down: Term | None = None
        self._module, self._store, self._generation, self._send = module, store, generation, send
        self._habits = habits or Habits()
        self._noted_at = float("-inf")
        self._unnoted: Position | None = None

    @property
    def takes_more(self) -> bool:
        """Whether the machine wants to read; if not, an event will make room."""
        return self.machine.wanted() is not None

    @property
    def note_due_in(self) -> float:
        """Seconds until an acknowledgement has to be noted; infinite if none waits."""
        if self._unnoted is None:
            return float("inf")
        return self._noted_at + self._habits.note_every - self._habits.monotonic()

    def feed(self, event: ExportEvent) -> None:
        """Tell the machine something and do all that it asks for. Raises `LeaseLost`."""
        events = deque([event])
        while events:
            for action in self.machine.handle(events.popleft(), self._habits.monotonic()):
                answer = self._attempt(action)
                if answer is not None:
                    events.append(answer)
                if isinstance(answer, ReadFailed | LinkDown):
                    break  # The rest of these actions stand on the one that failed.
            if not events and self.note_due_in <= 0 and (failed := self._attempt_note()):
                events.append(failed)

    def read(self, limits: ReadLimits) -> Haul:
        """Read what the machine wants next, and let it send that. Raises `LeaseLost`."""
        wanted = self.machine.wanted()
        if wanted is None:
            return Haul.NONE
        event: ExportEvent
        haul = Haul.FULL
        try:
            if isinstance(wanted, Collect):
                event = self._collect(wanted, limits)
                haul = _haul(wanted.after, event)
            else:
                event = self._walk(wanted, limits)
        except StoreUnavailable as error:
            event, haul = ReadFailed(str(error)), Haul.NONE
        self.feed(event)
        return haul

    def _collect(self, wanted: Collect, limits: ReadLimits) -> Collected:
        stream = self.route.stream
        collected = self._module.collect(
            self._store, stream, after=wanted.after, max_changes=limits.changes, max_bytes=limits.bytes
        )
        change_sets = self._habits.trim(collected)
        # The bounds are read last: if the oldest is not above `after` now, nothing was missing when the log was read.
        oldest, head = self._store.bounds(stream)
        return Collected(change_sets, head, oldest)

    def _walk(self, wanted: Walk, limits: ReadLimits) -> Walked:
        """Read a piece of a snapshot. The head is read after the records, as `Staging` demands."""
        stream = self.route.stream
        records = self._module.walk(
            self._store, stream, after=wanted.after, limit=limits.changes, max_bytes=limits.bytes
        )
        return Walked(records, None if records else self._store.head(stream))

    def _attempt_note(self) -> ExportEvent | None:
        try:
            self._note_waiting()
        except StoreUnavailable as error:
            return ReadFailed(str(error))
        return None

    def _note_waiting(self) -> None:
        position, self._unnoted = self._unnoted, None
        if position is not None:
            self._noted_at = self._habits.monotonic()
            self._store.note_acknowledged(self.route, position, generation=self._generation)

    def _attempt(self, action: ExportAction) -> ExportEvent | None:
        try:
            return self._perform(action)
        except BrokerUnreachable as error:
            return LinkDown(str(error))
        except StoreUnavailable as error:
            log.warning("%s: %s", self.route, error, extra={"event": "export.store_unavailable"})
            # A failure that cannot be noted is not told again: that would go round for ever.
            return None if isinstance(action, NoteAttempt) else ReadFailed(str(error))

    def _perform(self, action: ExportAction) -> ExportEvent | None:
        store, route, generation = self._store, self.route, self._generation
        match action:
            case ReadBounds():
                # In this order: the log may grow meanwhile, and what is settled is never above the head.
                oldest, settled = store.oldest(route.stream), store.settled(route.stream)
                return LogBounds(oldest, settled, store.head(route.stream))
            case Send(message):
                self._send(message)
            case NoteOpened(acknowledged):
                self._unnoted = None  # Of an older session: the importer's word is newer.
                store.note_opened(route, acknowledged=acknowledged, generation=generation)
            case NoteAcknowledged(position):
                self._unnoted = position
            case NoteAttempt(failure):
                if failure is not None:
                    self._note_waiting()  # An acknowledgement of before must not clear this failure later.
                store.note_attempt(route, failure=failure, generation=generation)
            case StepDown(term):
                self.stepped_down = term
            case Outgrow(noted):
                store.raise_generation(noted, generation=generation)
                raise LeaseLost(f"generation {generation} has made way for one above {noted}")
            case _:
                assert_never(action)
        return None


def _haul(after: Position, collected: Collected) -> Haul:
    last = collected.change_sets[-1].position if collected.change_sets else after
    return haul_of(read=last - after, left=collected.head - last)
