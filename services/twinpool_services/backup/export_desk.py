"""The thread that exports one route: hears events, keeps the pace, reads and sends."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from twinpool.errors import BrokerUnreachable, ContentMissing
from twinpool.ports.broker import Delivery, Outcome
from twinpool.protocol.export_steps import ExportEvent, Heard, LinkDown, LinkUp, NotDelivered, SyncAsked, Tick
from twinpool.protocol.exporting import Exporting, Limits
from twinpool.protocol.messages import Acknowledgement, Batch, FromExporter, Open, Opened, Piece, Refused, Reopen
from twinpool.vocabulary.change import ChangeSet
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.names import Digest
from twinpool.vocabulary.session import Cursor
from twinpool.wire import Envelope
from twinpool_services.backup.exporter import Exporter, Habits, ReadLimits
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.observing import (
    AcknowledgementHeard,
    BatchSent,
    BatchSettled,
    PieceSent,
    RefusalHeard,
    SessionOpened,
)
from twinpool_services.backup.pacing import Pace, on_configuration, on_forced, on_haul, on_ring, on_time
from twinpool_services.backup.packaging import package
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import ExportRole
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.tracing import traceparent_of
from twinpool_services.backup.views import ExportView

log = logging.getLogger(__name__)

TICK = 0.25  #: seconds between two looks at the clock
NOTE_EVERY = 0.05  #: seconds; acknowledgements that come faster are made durable together


class ExportDesk:
    """One route's exporter, its inbox and its pace. `run` is the body of its thread."""

    def __init__(self, role: ExportRole, premises: Premises, tenure: Tenure, post: PostOffice) -> None:
        """Bind the parts; nothing happens before `run`. Raises `StoreUnavailable`."""
        self.route = role.route
        self.inbox: Inbox[ExportEvent | Delivery] = Inbox()
        self._pool, self._content = premises.pool, premises.content
        self._tenure, self._post, self._rumours = tenure, post, premises.rumours
        self._module = premises.modules[role.route.stream.module]
        self._configuration = premises.configurations.current
        self._observer, self._tracing = premises.observer, premises.tracer
        failing = premises.store.export_ledger(role.route).failure is not None
        self._exporter = Exporter(
            route=role.route,
            machine=Exporting(role.term, tenure.generation, Limits(), failing=failing),
            module=self._module,
            store=premises.store,
            generation=tenure.generation,
            send=self._send,
            habits=Habits(trim=self._trim, note_every=NOTE_EVERY),
        )
        self._pace = Pace()
        self._full_given = self._full_taken = 0  # full syncs: asked for on other threads, and heard on ours
        self._tick_at = 0.0

    # ── what others tell, on their threads ──────────────────────────────────────────────────────────────────

    def link_up(self) -> None:
        """Hear that letters may be published."""
        self.inbox.put(LinkUp())

    def link_down(self, reason: str) -> None:
        """Hear that they may not; that we closed the link ourselves, when the tenure was over, is no failure."""
        if not self._tenure.is_over:
            self.inbox.put(LinkDown(reason))

    def deliver(self, delivery: Delivery) -> None:
        """Take the importer's word in."""
        self.inbox.put(delivery)

    def sync(self, *, full: bool) -> None:
        """Take an operator's wish in."""
        self._full_given += full
        self.inbox.put(SyncAsked(full))

    @property
    def full_sync_waits(self) -> bool:
        """Whether a full sync would be forgotten if this process ended now."""
        return self._full_given > self._full_taken or self._exporter.machine.full_sync_waits

    def ring(self) -> None:
        """Hear that something may have been committed."""
        self.inbox.ring()

    def view(self) -> ExportView:
        """Tell how it stands at this moment; from any thread, so the parts may be of moments close to each other."""
        machine, now = self._exporter.machine, time.monotonic()
        return ExportView(
            route=self.route,
            phase=machine.phase,
            session=machine.session,
            cause=machine.cause,
            in_flight=machine.in_flight,
            window=machine.limits.window,
            read_to=machine.read_to,
            silent_for=machine.silent_for(now),
            next_cycle_in=max(0.0, self._pace.cycle_at - now),
            batches_left=self._pace.batches_left,
        )

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Export until the tenure is over. Raises `LeaseLost`."""
        while not self._tenure.is_over:
            now = time.monotonic()
            due = min(self._pace.due_in(now), self._exporter.note_due_in, self._tick_at - now)
            item = self.inbox.take(max(due, 0.0))
            self._hear(item)
            self._look_at_the_clock()
            self._read()
            if self._exporter.stepped_down is not None:
                self._rumours.note(self.route.stream.home, self._exporter.stepped_down)
                self._tenure.end(f"{self.route.stream.home} is in term {self._exporter.stepped_down}")

    def _hear(self, item: ExportEvent | Delivery | None) -> None:
        configuration = self._configuration()
        if self.inbox.was_rung():
            self._pace = on_ring(self._pace, configuration)
        if item is None:
            return
        if isinstance(item, SyncAsked):
            most = self._max_batches(configuration)
            self._pace = on_forced(self._pace, configuration, most, time.monotonic())
        event = self._opened(item) if isinstance(item, Delivery) else item
        if event is not None:
            self._exporter.feed(event)
            self._full_taken += isinstance(event, SyncAsked) and event.full
            opened = isinstance(event, Heard) and isinstance(event.message, Opened)
            self._pace = replace(self._pace, has_room=True, eager=self._pace.eager or opened)

    def _opened(self, delivery: Delivery) -> Heard | None:
        """Decode what the importer said."""
        envelope = self._post.open(delivery)
        if envelope is None:
            return None
        self._post.settle(delivery)
        message = envelope.message
        assert isinstance(message, Opened | Acknowledgement | Reopen | Refused)  # noqa: S101 - registered for these
        self._let_see(message, envelope.traceparent)
        return Heard(message)

    def _let_see(self, message: Opened | Acknowledgement | Reopen | Refused, traceparent: str | None) -> None:
        """Let others see what the importer has said."""
        match message:
            case Acknowledgement(cursor=Cursor() as cursor):
                self._observer.note(
                    AcknowledgementHeard(
                        route=self.route,
                        session=message.session,
                        number=message.number,
                        position=cursor.position,
                        imported_at=message.imported_at,
                    )
                )
                self._tracing.acknowledged(self.route, message, traceparent)
            case Refused():
                self._observer.note(RefusalHeard(self.route, message.refusal.value))
            case Reopen():
                self._observer.note(RefusalHeard(self.route, "reopen"))

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        configuration = self._configuration()
        if self._module.category.is_cms:
            self._pace = on_configuration(self._pace, configuration)
        self._pace = on_time(self._pace, configuration, self._max_batches(configuration), now)
        if now >= self._tick_at or self._exporter.note_due_in <= 0:
            self._tick_at = now + TICK
            timeout = configuration.ack_timeout.total_seconds()
            self._exporter.machine.limits = Limits(window=configuration.window, ack_timeout=timeout)
            self._exporter.feed(Tick())

    def _read(self) -> None:
        """Read and send once; the loop comes back for more, so that what is said meanwhile is heard in between."""
        if self._post.blocked is not None or not self._pace.may_read(time.monotonic()):
            return
        if not self._exporter.takes_more:
            self._pace = replace(self._pace, has_room=False)
            return
        configuration = self._configuration()
        limits = ReadLimits(changes=configuration.max_changes_per_batch, bytes=configuration.max_batch_bytes)
        began = time.monotonic()
        haul = self._exporter.read(limits)
        self._pace = on_haul(self._pace, haul, linger=configuration.linger, began=began)

    def _trim(self, change_sets: Sequence[ChangeSet]) -> Sequence[ChangeSet]:
        if not self._module.names_content:
            return change_sets
        most = self._configuration().max_data_conf_package_size_kb * 1024
        return package(change_sets, self._module, self._size_of, most)

    def _size_of(self, digest: Digest) -> int:
        try:
            return self._content.size(digest)
        except ContentMissing:
            return 0  # The importer will ask for it, and say what is missing.

    def _max_batches(self, configuration: BackupServiceConfiguration) -> int:
        if self._module.category.is_cms:
            return configuration.max_batches_per_cms_sync
        return configuration.max_batches_per_user_store_sync

    def _send(self, message: FromExporter) -> None:
        batch = message if isinstance(message, Batch) and not message.is_canary else None
        span = None if batch is None else self._tracing.batch(self.route, batch)
        envelope = Envelope(
            source=self._pool,
            destination=self.route.destination,
            stream=self.route.stream,
            message=message,
            traceparent=None if span is None else traceparent_of(span),
        )
        sent_at = time.monotonic()

        def hear(outcome: Outcome) -> None:
            if batch is not None and span is not None:
                self._tracing.published(span, outcome)
                self._observer.note(
                    BatchSettled(
                        route=self.route,
                        session=batch.session,
                        number=batch.number,
                        outcome=outcome,
                        seconds=time.monotonic() - sent_at,
                    )
                )
            reasons = {
                Outcome.UNROUTABLE: "the backup pool has no queue for it (is the backup pool running?)",
                Outcome.REJECTED: "the backup pool's queue is full",
            }
            if reason := reasons.get(outcome):  # What is LOST is told by the link going down.
                self._observer.note(RefusalHeard(self.route, outcome.value))
                self.inbox.put(NotDelivered(message.session, reason))

        try:
            self._let_see_sent(message, self._post.send(envelope, hear))
        except BrokerUnreachable:
            if span is not None:
                self._tracing.published(span, Outcome.LOST)
            raise

    def _let_see_sent(self, message: FromExporter, wire_bytes: int) -> None:
        match message:
            case Open(session=session):
                self._observer.note(SessionOpened(self.route, session, self._exporter.machine.cause))
            case Piece(records=records):
                self._observer.note(PieceSent(self.route, len(records)))
            case Batch(is_canary=False):
                self._observer.note(
                    BatchSent(
                        route=self.route,
                        session=message.session,
                        number=message.number,
                        after=message.after,
                        last=message.last,
                        changes=message.change_count,
                        payload_bytes=sum(len(change_set.payload) for change_set in message.change_sets),
                        wire_bytes=wire_bytes,
                    )
                )
