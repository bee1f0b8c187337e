"""How the verifying side asks its partner, one question after the other, until it is answered."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterable

from twinpool.content.fetching import Fetching
from twinpool.content.store import ContentStore
from twinpool.errors import BrokerUnreachable, LeaseLost, TwinpoolError
from twinpool.ports.broker import Delivery
from twinpool.protocol.content import ContentAbsent, ContentPart, ContentWanted
from twinpool.verification.messages import (
    ContentChecked,
    FromReplica,
    FromSource,
    Hindered,
    Hindrance,
    PartsRead,
    PieceRead,
)
from twinpool.vocabulary.names import Digest, PoolFqdn, Stream
from twinpool.wire import Envelope
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.tenure import Tenure

log = logging.getLogger(__name__)

REPEAT = 3.0  #: seconds without an answer after which a question is asked again
SILENCE = 60.0  #: seconds without an answer after which the partner is given up
LOOK = 0.25  #: seconds between looks at the clock


class NotNow(TwinpoolError):
    """The partner cannot answer now, or nothing can be concluded from what it says; try again."""


class PartnerSilent(TwinpoolError):
    """The partner does not answer at all."""


class PartnerServes(TwinpoolError):
    """The partner serves the home as well, by what it knows."""


class Questions:
    """Speaks to one partner about one stream, for one verification. Used by one thread."""

    def __init__(
        self,
        identity: str,
        stream: Stream,
        pools: tuple[PoolFqdn, PoolFqdn],
        inbox: Inbox[Delivery],
        post: PostOffice,
        tenure: Tenure,
    ) -> None:
        """Speak from the first pool to the second."""
        self.identity, self.stream = identity, stream
        self._pool, self.partner = pools
        self._inbox, self._post, self._tenure = inbox, post, tenure
        self._steps = itertools.count(time.time_ns() // 1000)  # above those of a front end that asked before us
        self.exchanged_bytes = 0

    def next_step(self) -> int:
        """Number the next question."""
        return next(self._steps)

    def ask(self, question: FromSource) -> FromReplica:
        """Ask until it is answered. Raises `NotNow`, `PartnerSilent`, `PartnerServes`, and `LeaseLost`."""
        give_up_at = time.monotonic() + SILENCE
        while time.monotonic() < give_up_at:
            self._send(question)
            repeat_at = time.monotonic() + REPEAT
            while (now := time.monotonic()) < repeat_at:
                answer = self._hear(repeat_at - now)
                if isinstance(answer, Hindered) and _answers(answer, question):
                    raise (PartnerServes if answer.hindrance is Hindrance.SERVES else NotNow)(answer.reason)
                if isinstance(answer, PieceRead | PartsRead | ContentChecked) and _answers(answer, question):
                    return answer
        raise PartnerSilent(f"{self.partner} has not answered for {SILENCE:.0f} s")

    def fetch(self, content: ContentStore, digests: Iterable[Digest]) -> None:
        """Bring files here that the partner has. Raises `ContentMissing`, `StoreUnavailable`, `PartnerSilent`."""
        fetching = Fetching(content, digests)
        heard_at = time.monotonic()
        while not fetching.is_done:
            if time.monotonic() > heard_at + SILENCE:
                raise PartnerSilent(f"{self.partner} has not sent a file for {SILENCE:.0f} s")
            for wanted in fetching.tick(time.monotonic()):
                self._send(wanted)
            answer = self._hear(LOOK)
            if isinstance(answer, ContentPart | ContentAbsent):
                heard_at = time.monotonic()
                for wanted in fetching.hear(answer, heard_at):
                    self._send(wanted)

    def _send(self, message: FromSource | ContentWanted) -> None:
        envelope = Envelope(source=self._pool, destination=self.partner, stream=self.stream, message=message)
        try:
            self.exchanged_bytes += self._post.send(envelope)
        except BrokerUnreachable as error:
            log.info("a question was not sent: %s", error, extra={"event": "verification.not_sent"})

    def _hear(self, seconds: float) -> object:
        """Return the next message about our stream, None if none came in time."""
        if self._tenure.is_over:
            raise LeaseLost(self._tenure.reason)
        delivery = self._inbox.take(min(seconds, LOOK))
        if delivery is None:
            return None
        self._inbox.was_rung()
        envelope = self._post.open(delivery)
        if envelope is None:
            return None
        self._post.settle(delivery)
        self.exchanged_bytes += len(delivery.body)
        return envelope.message if envelope.stream == self.stream else None


def _answers(answer: FromReplica, question: FromSource) -> bool:
    return (answer.verification, answer.step) == (question.verification, question.step)
