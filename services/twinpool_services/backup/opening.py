"""The thread that opens what an importer hears, one step ahead of the thread that applies it.

While the store works on one batch the next is decoded and made ready, so that an importer takes as long as the slower
of the two and not as both. It begins with the next when the one before has been taken, for an opened batch takes ten
times as much memory as one that waits in its letter. Nothing here changes anything: what was opened in vain is thrown
away, and the broker delivers again what was never settled.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, replace

from twinpool.errors import TwinpoolError
from twinpool.ports.broker import Delivery
from twinpool.protocol.messages import Batch
from twinpool.vocabulary.session import SessionId
from twinpool.wire import Message, peek
from twinpool_services.backup.importer import Importer, Prepared
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.tenure import Tenure

PATIENCE = 0.25  #: seconds between looks whether the tenure is over


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A delivery with what is in it."""

    delivery: Delivery  #: without its body
    message: Message
    prepared: Prepared | None  #: None if it is no batch, or if preparing failed: the importer tries again, and says why
    traceparent: str | None = None  #: the trace that it belongs to


class Opening:
    """Between an inbox of deliveries and whoever applies them, in their order. `run` is the body of its thread."""

    def __init__(self, inbox: Inbox[Delivery], importer: Importer, post: PostOffice, tenure: Tenure) -> None:
        """Bind the parts."""
        self._inbox, self._importer, self._post, self._tenure = inbox, importer, post, tenure
        self.opened_at = float("-inf")  #: monotonic time at which the last letter turned out to be the exporter's own
        self._ready: queue.SimpleQueue[OpenedLetter] = queue.SimpleQueue()
        self._room = threading.Semaphore()  # for the one letter that is being opened, or is opened and waits

    def take(self, seconds: float) -> OpenedLetter | None:
        """Return the next letter, None if there is none in time."""
        try:
            letter = self._ready.get(timeout=seconds)
        except queue.Empty:
            return None
        self._room.release()
        return letter

    def run(self) -> None:
        """Open letters until the tenure is over."""
        while not self._tenure.is_over:
            if self._room.acquire(timeout=PATIENCE):
                self._open_next()

    def _open_next(self) -> None:
        delivery = self._inbox.take(PATIENCE)
        letter = None if delivery is None else self._open(delivery)
        if letter is None:
            self._room.release()
        else:
            self._ready.put(letter)

    def _open(self, delivery: Delivery) -> OpenedLetter | None:
        """Open a letter; batches of older sessions are dropped before they are decoded."""
        glance = peek(delivery)  # It has been peeked at before, so it is well-formed that far.
        if glance.number is not None and glance.session is not None and self._is_stale(glance.session):
            self._post.settle(delivery)
            return None
        envelope = self._post.open(delivery)
        if envelope is None:
            return None
        self.opened_at = time.monotonic()
        emptied = replace(delivery, body=b"")  # It has been read, and is large.
        return OpenedLetter(emptied, envelope.message, self._prepared(envelope.message), envelope.traceparent)

    def _is_stale(self, session: SessionId) -> bool:
        return session < self._importer.machine.progress.session

    def _prepared(self, message: Message) -> Prepared | None:
        if not isinstance(message, Batch) or message.is_canary:
            return None
        try:
            return self._importer.prepare(message)
        except TwinpoolError:
            return None  # The same error comes when it is applied, where it is noted and answered.
