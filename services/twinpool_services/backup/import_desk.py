"""The thread that imports one stream: takes opened letters, fetches the content they name, applies, acknowledges."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable

from twinpool.content.fetching import Fetching
from twinpool.errors import LeaseLost, SessionOvertaken
from twinpool.ports.broker import Delivery
from twinpool.ports.store import Store
from twinpool.protocol.content import ContentAbsent, ContentPart, ContentWanted
from twinpool.protocol.importing import Apply, Heard, ImportAction, Importing, Reply, StageChanges
from twinpool.protocol.messages import Batch, FromImporter, Open, Piece, Refused, Reopen
from twinpool.vocabulary.home import fork
from twinpool.vocabulary.names import Digest, Position
from twinpool.wire import Envelope
from twinpool_services.backup.importer import Importer
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.observing import BatchImported, ImportStumbled, RefusalSaid
from twinpool_services.backup.opening import OpenedLetter, Opening
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.roles import ImportRole
from twinpool_services.backup.store_clock import StoreClock
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.tracing import current_traceparent
from twinpool_services.backup.views import ImportView

log = logging.getLogger(__name__)

PATIENCE = 0.25  #: seconds between looks at the clock


def _machine(role: ImportRole, store: Store) -> Importing:
    """Begin where the store stands, with the fork that its own history knows of (see `Importing`)."""
    progress = store.import_progress(role.stream)
    above = progress.cursor.term if progress.cursor else role.term
    parted_at = fork(store.history(role.stream.home), role.stream.module, above=above)
    return Importing(progress, role.term, parted_at)


class ImportDesk:
    """One stream's importer and its inbox. `run` is the body of its thread."""

    def __init__(self, role: ImportRole, premises: Premises, tenure: Tenure, post: PostOffice) -> None:
        """Bind the parts; nothing happens before `run`. Raises `StoreUnavailable`."""
        self.role = role
        self.inbox: Inbox[Delivery] = Inbox()
        self._pool, self._content = premises.pool, premises.content
        self._tenure, self._post = tenure, post
        self._configuration = premises.configurations.current
        self._put_off: deque[OpenedLetter] = deque()  # heard while content was being fetched
        self._rumours = premises.rumours
        self._busy_at = float("-inf")
        self._at_work = False
        self._observer, self._tracing = premises.observer, premises.tracer
        self._taken_up_at = 0.0  # when what is being applied was taken up
        self._is_applying = self._is_fetching = False
        self._importer = Importer(
            stream=role.stream,
            machine=_machine(role, premises.store),
            module=premises.modules[role.stream.module],
            store=premises.store,
            generation=tenure.generation,
            send=self._send,
            fetch=self._fetch,
        )
        self._importer.witness, self._importer.now = self._witness, StoreClock(premises.store.now).now
        self.opening = Opening(self.inbox, self._importer, post, tenure)

    # ── what others tell, on their threads ──────────────────────────────────────────────────────────────────

    def link_up(self) -> None:
        """Nothing to do: the exporter opens a session when its own link is up."""

    def link_down(self, reason: str) -> None:
        """Nothing to do: what we had not acknowledged comes again."""

    def deliver(self, delivery: Delivery) -> None:
        """Take the exporter's word in."""
        self.inbox.put(delivery)

    @property
    def head_heard(self) -> Position:
        """The newest position that the exporter has told of; ORIGIN if nothing was heard."""
        return self._importer.machine.head_heard

    @property
    def heard_ago(self) -> float:
        """Seconds since a letter of the exporter was opened; infinite if none ever was."""
        return time.monotonic() - self.opening.opened_at

    @property
    def quiet_for(self) -> float:
        """Seconds since anything was waiting to be applied, or was applied."""
        waits = self._at_work and len(self.inbox) > 0  # What comes in before we begin is not about to be applied.
        return 0.0 if waits else time.monotonic() - self._busy_at

    def view(self) -> ImportView:
        """Tell how it stands at this moment; from any thread."""
        taken_up_at = self._taken_up_at
        return ImportView(
            stream=self.role.stream,
            source=self.role.source,
            head_heard=self.head_heard,
            heard_ago=None if self.heard_ago == float("inf") else self.heard_ago,
            waiting=len(self.inbox) + len(self._put_off),
            applying_for=time.monotonic() - taken_up_at if taken_up_at and self._is_applying else None,
            fetching=self._is_fetching,
        )

    # ── the thread ──────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> None:
        """Import until the tenure is over. Raises `LeaseLost`."""
        self._at_work = True
        while not self._tenure.is_over:
            if self._put_off:
                self._import(self._put_off.popleft())
            elif letter := self.opening.take(PATIENCE):
                self._import(letter)
            else:
                self._importer.note_failure()

    def _import(self, letter: OpenedLetter) -> None:
        """Hear a message and let the broker forget it: whatever came of it, the source's log is the buffer."""
        if isinstance(letter.message, Open | Batch | Piece):
            self._taken_up_at, self._is_applying = time.monotonic(), True
            self._feed(letter, letter.message)
            self._is_applying = False
            self._look_for_higher_term()
            if not (isinstance(letter.message, Batch) and letter.message.is_canary):
                self._busy_at = time.monotonic()
        self._post.settle(letter.delivery)

    def _feed(self, letter: OpenedLetter, message: Open | Batch | Piece) -> None:
        if not isinstance(message, Batch) or message.is_canary:
            self._importer.feed(Heard(message), letter.prepared)
            return
        with self._tracing.importing(self.role.stream, message, letter.traceparent):
            self._importer.feed(Heard(message), letter.prepared)

    def _witness(self, action: ImportAction, failure: str) -> None:
        """Let others see what has been done, or could not be."""
        stream = self.role.stream
        if failure:
            self._observer.note(ImportStumbled(stream, failure))
        match action:
            case Apply(batch) | StageChanges(batch) if not failure:
                self._observer.note(
                    BatchImported(
                        stream=stream,
                        session=batch.session,
                        number=batch.number,
                        after=batch.after,
                        last=batch.last,
                        changes=batch.change_count,
                        oldest_at=batch.change_sets[0].committed_at,
                        seconds=time.monotonic() - self._taken_up_at,
                    )
                )
            case Reply(Refused(refusal=refusal)):
                self._observer.note(RefusalSaid(stream, refusal.value))
            case Reply(Reopen()):
                self._observer.note(RefusalSaid(stream, "reopen"))

    def _look_for_higher_term(self) -> None:
        """End the tenure if the home has moved on; the next one asks who serves it."""
        higher, home = self._importer.machine.higher_term, self.role.stream.home
        if higher is not None:
            self._rumours.note(home, higher)
            self._tenure.end(f"{home} is said to be in term {higher}")

    def _send(self, message: FromImporter | ContentWanted) -> None:
        self._post.send(
            Envelope(
                source=self._pool,
                destination=self.role.source,
                stream=self.role.stream,
                message=message,
                traceparent=current_traceparent(),
            )
        )

    # ── content ─────────────────────────────────────────────────────────────────────────────────────────────

    def _fetch(self, digests: Iterable[Digest]) -> None:
        """Bring content here before the batch that names it is applied.

        Raises `ContentMissing` if it cannot be had, `SessionOvertaken` if the exporter wants to begin anew, and
        `LeaseLost` if the tenure ends; what has come is kept for the next attempt.
        """
        self._is_fetching = True
        try:
            self._fetch_all(Fetching(self._content, digests))
        finally:
            self._is_fetching = False

    def _fetch_all(self, fetching: Fetching) -> None:
        repeat_at = time.monotonic()
        while not fetching.is_done:
            if self._tenure.is_over:
                raise LeaseLost(self._tenure.reason)
            if time.monotonic() >= repeat_at:
                # A sign of life and of where we stand: large content must not look like silence.
                self._ask_for(fetching.tick(time.monotonic()))
                self._importer.repeat_acknowledgement()
                repeat_at = time.monotonic() + min(1.0, self._configuration().ack_timeout.total_seconds() / 3)
            if letter := self.opening.take(PATIENCE):
                self._hear_while_fetching(fetching, letter)

    def _hear_while_fetching(self, fetching: Fetching, letter: OpenedLetter) -> None:
        message = letter.message
        if isinstance(message, ContentPart | ContentAbsent):
            self._post.settle(letter.delivery)
            self._ask_for(fetching.hear(message, time.monotonic()))
            return
        self._put_off.append(letter)
        if isinstance(message, Open):
            raise SessionOvertaken(f"the source asks for session {message.session}")

    def _ask_for(self, wanted: Iterable[ContentWanted]) -> None:
        for one in wanted:
            self._send(one)
