"""The thread that answers a partner which verifies what we keep of its streams.

Invariant: everything that is said about a piece is said of one moment. A piece is known by a number drawn when it was
read, so neither a repeated question nor another front end's reading is ever taken for it.
"""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass

from twinpool.errors import BrokerUnreachable, InvalidRecord, StoreUnavailable, TwinpoolError
from twinpool.ports.broker import Delivery
from twinpool.verification.digests import common_method
from twinpool.verification.messages import (
    ContentChecked,
    ContentCheckWanted,
    FromReplica,
    FromSource,
    Hindered,
    Hindrance,
    PartsRead,
    PartsWanted,
    PieceRead,
    PieceWanted,
)
from twinpool.verification.reading import DigestedRecords
from twinpool.vocabulary.names import PoolFqdn, Stream
from twinpool.wire import Envelope
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure
from twinpool_services.backup.verification.content_check import check_content

log = logging.getLogger(__name__)

PATIENCE = 0.5  #: seconds between looks at whether the tenure is over
KEEP = 60.0  #: seconds after the last question that a piece is kept
MOST_RECORDS = 50_000  #: of a piece, whatever is asked for


@dataclass(slots=True)
class _Kept:
    """What is kept for one verification of a stream."""

    verification: str
    answer: FromReplica  #: the newest, to be said again when it is asked for again
    piece: int | None
    records: DigestedRecords | None
    until: float


class ReplicaDesk:
    """Answers questions about our copies. `run` is the body of its thread."""

    def __init__(self, premises: Premises, post: PostOffice, tenure: Tenure) -> None:
        """Answer from the pool's store and content."""
        self._premises, self._post, self._tenure = premises, post, tenure
        self._kept: dict[tuple[Stream, PoolFqdn], _Kept] = {}
        self.inbox: Inbox[Delivery] = Inbox()

    def link_up(self) -> None:
        """Nothing to do: who misses an answer asks again."""

    def link_down(self, reason: str) -> None:
        """Nothing to do: who misses an answer asks again."""

    def deliver(self, delivery: Delivery) -> None:
        """Take a question in."""
        self.inbox.put(delivery)

    def run(self) -> None:
        """Answer until the tenure is over."""
        while not self._tenure.is_over:
            delivery = self.inbox.take(PATIENCE)
            if delivery is not None:
                self._hear(delivery)
            now = time.monotonic()
            self._kept = {where: kept for where, kept in self._kept.items() if kept.until > now}

    def _hear(self, delivery: Delivery) -> None:
        question = self._post.open(delivery)
        if question is None:
            return
        asked = question.message
        assert isinstance(asked, PieceWanted | PartsWanted | ContentCheckWanted)  # noqa: S101 - registered for these
        answer = self._answer(question.stream, question.source, asked)
        reply = Envelope(
            source=self._premises.pool, destination=question.source, stream=question.stream, message=answer
        )
        try:
            self._send(reply, asked)
        except BrokerUnreachable as error:
            log.info("an answer was not sent: %s", error, extra={"event": "verification.reply_lost"})
        self._post.settle(delivery)

    def _send(self, reply: Envelope, asked: FromSource) -> None:
        try:
            self._post.send(reply)
        except InvalidRecord as error:  # keys so long that the answer cannot travel
            hindered = _hindered(asked, Hindrance.NOT_NOW, f"the answer cannot be sent: {error}")
            self._post.send(
                Envelope(source=reply.source, destination=reply.destination, stream=reply.stream, message=hindered)
            )

    def _answer(self, stream: Stream, source: PoolFqdn, asked: FromSource) -> FromReplica:
        kept = self._kept.get((stream, source))
        if kept is not None and (kept.verification, kept.answer.step) == (asked.verification, asked.step):
            return kept.answer
        try:
            if self._serves(stream):
                return _hindered(
                    asked, Hindrance.SERVES, f"{self._premises.pool} serves {stream.home}, by what it knows"
                )
            return self._work(stream, source, asked, kept)
        except TwinpoolError as error:
            if not isinstance(error, StoreUnavailable):
                log.exception("a verification was not answered", extra={"event": "verification.failed"})
            return _hindered(asked, Hindrance.NOT_NOW, f"{self._premises.pool}: {error}")

    def _work(self, stream: Stream, source: PoolFqdn, asked: FromSource, kept: _Kept | None) -> FromReplica:
        piece, records = (
            (kept.piece, kept.records) if kept and kept.verification == asked.verification else (None, None)
        )
        answer: FromReplica
        match asked:
            case PieceWanted():
                answer, records = self._piece(stream, asked)
                piece = answer.piece
            case PartsWanted():
                if records is None or piece != asked.piece:
                    return _hindered(asked, Hindrance.FORGOTTEN, "this piece is not kept here")
                records = records.without(asked.excluded)
                answer = _parts(asked, records)
            case ContentCheckWanted():
                answer = self._content(stream, asked)
        self._kept[stream, source] = _Kept(asked.verification, answer, piece, records, time.monotonic() + KEEP)
        return answer

    def _piece(self, stream: Stream, asked: PieceWanted) -> tuple[PieceRead, DigestedRecords]:
        store = self._premises.store
        method = common_method(asked.methods, store.digest_methods())
        read = store.read_digests(stream, asked.within, limit=min(asked.limit, MOST_RECORDS), method=method)
        answer = PieceRead(
            verification=asked.verification,
            step=asked.step,
            piece=secrets.randbits(62),
            cursor=read.cursor,
            upto=asked.within.upto if read.whole else read.records.keys[-1],
            total=read.records.total(),
            method=method,
        )
        return answer, read.records

    def _content(self, stream: Stream, asked: ContentCheckWanted) -> ContentChecked:
        premises = self._premises
        module = premises.modules[stream.module]
        checked = check_content(premises.store, premises.content, module, stream, asked.within)
        for digest in {digest for _, digest in checked.damaged} & set(asked.remove):
            premises.content.remove(digest)
            extra = {"event": "verification.content_removed", "digest": digest}
            log.warning("damaged content %s removed, to be fetched again", digest, extra=extra)
        return ContentChecked(
            verification=asked.verification,
            step=asked.step,
            upto=checked.upto,
            files=checked.files,
            damaged=checked.damaged,
        )

    def _serves(self, stream: Stream) -> bool:
        return any(
            home.home == stream.home and home.serving_pool == self._premises.pool
            for home in self._premises.store.homes()
        )


def _parts(asked: PartsWanted, records: DigestedRecords) -> PartsRead:
    chosen = records.within(asked.within)
    each = zip(chosen.keys, chosen.digests, strict=True) if asked.each else ()
    return PartsRead(
        verification=asked.verification,
        step=asked.step,
        parts=() if asked.each else tuple(records.parts(asked.within, asked.boundaries)),
        records=tuple(each),
    )


def _hindered(asked: FromSource, hindrance: Hindrance, reason: str) -> Hindered:
    return Hindered(verification=asked.verification, step=asked.step, hindrance=hindrance, reason=reason)
