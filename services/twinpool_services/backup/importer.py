"""Carrying out what the importing end of the protocol asks for: writing our store, answering."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never

from twinpool.errors import (
    BrokerUnreachable,
    ImportFailed,
    Overtaken,
    SessionOvertaken,
    StoreUnavailable,
    TwinpoolError,
)
from twinpool.modules.module import Applying, Module
from twinpool.ports.store import Imports
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
    SwapIn,
)
from twinpool.protocol.messages import Acknowledgement, Batch, FromImporter, Refusal, Refused
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Digest, Generation, Instant, Stream
from twinpool.vocabulary.session import ImportProgress, SessionId
from twinpool.wire import decode_all

log = logging.getLogger(__name__)


class TargetStore(Imports, Protocol):
    """What an importer needs of the pool store."""

    def now(self) -> Instant:
        """Return the time by the store's clock."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch with what has to be worked out before it is applied, and needs neither store nor machine."""

    batch: Batch
    changes: Sequence[Change]  #: as `Imports.prepare` made them
    wanted: Sequence[Digest]  #: content that has to be at hand


class Importer:
    """One stream's importer: the protocol's machine, and the store and broker that it works on.

    Has no thread and no clock of its own, so that a simulation can drive it.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        machine: Importing,
        module: Module,
        store: TargetStore,
        generation: Generation,
        send: Callable[[FromImporter], None],
        fetch: Callable[[Iterable[Digest]], None],
    ) -> None:
        """Bind the parts. `fetch` returns once all content is at hand; it raises `ContentMissing` and the like."""
        #: Is told of each action that was carried out, or with a reason of one that could not be.
        self.witness: Callable[[ImportAction, str], None] = lambda _action, _failure: None
        #: Tells when what is acknowledged was imported, by the store's clock.
        self.now: Callable[[], Instant] = store.now
        self.stream, self.machine = stream, machine
        self._module, self._store, self._generation = module, store, generation
        self._send, self._fetch = send, fetch
        self._failing = store.import_ledger(stream).failure is not None
        self._prepared: Prepared | None = None  # of the event that is being fed
        self._unnoted = ""  # a failure that the store could not take a note of

    def prepare(self, batch: Batch) -> Prepared:
        """Decode a batch, ahead and on any thread. Raises `ImportFailed`, `MalformedMessage`, `InvalidRecord`."""
        changes = decode_all(change_set.payload for change_set in batch.change_sets)
        if len(changes) != batch.change_count:
            raise ImportFailed(f"batch {batch.number} holds {len(changes)} changes and announces {batch.change_count}")
        return Prepared(batch, self._store.prepare(changes), self._wanted(changes))

    def feed(self, event: ImportEvent, prepared: Prepared | None = None) -> None:
        """Tell the machine something, with what was prepared of it, and do all that it asks for. Raises `LeaseLost`."""
        self._prepared = prepared
        events = deque([event])
        while events:
            for action in self.machine.handle(events.popleft()):
                answer = self._attempt(action)
                if answer is not None:
                    events.append(answer)
                if isinstance(answer, Failed):
                    break  # The rest, the acknowledgement above all, stand on the one that failed.
        self._prepared = None

    def repeat_acknowledgement(self) -> None:
        """Say the last acknowledgement again: a sign of life while a batch takes long."""
        if self.machine.last_acknowledged is not None:
            self._acknowledge(self.machine.last_acknowledged)

    def note_failure(self) -> None:
        """Note the last failure if that has not been possible yet: what fails imports may fail notes too.

        To be called now and then, for the status is read from the store. Raises `LeaseLost`.
        """
        if not self._unnoted:
            return
        try:
            self._store.note_import(self.stream, failure=self._unnoted, generation=self._generation)
            self._unnoted = ""
        except StoreUnavailable as error:
            log.warning("%s: failure not noted: %s", self.stream, error, extra={"event": "import.store_unavailable"})

    def _attempt(self, action: ImportAction) -> ImportEvent | None:
        try:
            answer = self._perform(action)
            self.witness(action, "")
            return answer
        except BrokerUnreachable as error:
            if not isinstance(action, Acknowledge | Reply):
                return self._failed(action, error)  # Content could not be asked for, so this was not carried out.
            # The exporter will ask again, in another session; what is applied is applied.
            log.info("%s: not said: %s", self.stream, error, extra={"event": "import.reply_lost"})
        except SessionOvertaken as error:
            log.info("%s: %s", self.stream, error, extra={"event": "import.session_overtaken"})
            return Failed(str(error), self._progress())
        except Overtaken:
            raise
        except TwinpoolError as error:
            return self._failed(action, error)
        return None

    def _failed(self, action: ImportAction, error: TwinpoolError) -> Failed:
        """Note a failure, and hand the machine what the store knows."""
        log.error("%s: import failed: %s", self.stream, error, extra={"event": "import.failed"})
        reason = f"{error}. {error.hint}" if error.hint else str(error)
        self._failing, self._unnoted = True, reason
        self.witness(action, reason)
        self.note_failure()
        if isinstance(action, NoteSession):
            self._refuse(action.session, reason)
        return Failed(reason, self._progress())

    def _progress(self) -> ImportProgress:
        """Return what the store knows, or else what we believe.

        The store's word replaces that when the next session is noted, and before that nothing is applied.
        """
        try:
            return self._store.import_progress(self.stream)
        except StoreUnavailable:
            return self.machine.progress

    def _refuse(self, session: SessionId, reason: str) -> None:
        try:
            self._send(Refused(session=session, refusal=Refusal.IMPORT_FAILED, reason=reason))
        except BrokerUnreachable as error:
            log.info("%s: not said: %s", self.stream, error, extra={"event": "import.reply_lost"})

    def _perform(self, action: ImportAction) -> ImportEvent | None:
        store, stream, generation = self._store, self.stream, self._generation
        match action:
            case NoteSession(session):
                return SessionNoted(store.note_session(stream, session, generation=generation))
            case Begin(session):
                store.begin(stream, session=session, generation=generation)
            case BeginStaging(piece):
                store.begin_staging(stream, session=piece.session, position=piece.position, generation=generation)
            case Stage(piece):
                self._fetch_for([Change(*record) for record in piece.records])
                store.stage(
                    stream,
                    piece.records,
                    session=piece.session,
                    walked_to=piece.walked_to,
                    settles_at=piece.settles_at,
                    generation=generation,
                )
            case SwapIn(session):
                store.swap_in(stream, session=session, generation=generation)
            case Apply(batch):
                self._apply(batch, store.apply)
            case StageChanges(batch):
                self._apply(batch, store.stage_changes)
            case Acknowledge(proves=proves):
                if proves:
                    self._succeeded()
                self._acknowledge(action)
            case Reply(message):
                self._send(message)
            case _:
                assert_never(action)
        return None

    def _apply(self, batch: Batch, apply: Applying) -> None:
        ready = self._prepared
        if ready is None or ready.batch is not batch:
            ready = self.prepare(batch)
        if ready.wanted:
            self._fetch(ready.wanted)
        self._module.apply(
            apply,
            self.stream,
            ready.changes,
            session=batch.session,
            after=batch.after,
            upto=batch.last,
            generation=self._generation,
        )

    def _fetch_for(self, changes: Sequence[Change]) -> None:
        if wanted := self._wanted(changes):
            self._fetch(wanted)

    def _wanted(self, changes: Sequence[Change]) -> list[Digest]:
        """Name the content that changes need; most modules never name any."""
        if not self._module.names_content:
            return []
        return [digest for change in changes for digest in self._module.attachments(change)]

    def _succeeded(self) -> None:
        if self._failing:
            self._store.note_import(self.stream, failure=None, generation=self._generation)
            self._failing, self._unnoted = False, ""
            log.info("%s: imports work again", self.stream, extra={"event": "import.recovered"})

    def _acknowledge(self, action: Acknowledge) -> None:
        self._send(
            Acknowledgement(
                session=action.session,
                number=action.number,
                cursor=action.cursor,
                digest=action.digest,
                imported_at=self.now(),
            )
        )
