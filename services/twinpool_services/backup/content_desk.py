"""The thread that sends the content of files to importers that ask for it."""

from __future__ import annotations

import logging

from twinpool.content.fetching import serve
from twinpool.content.store import ContentStore
from twinpool.errors import BrokerUnreachable
from twinpool.ports.broker import Delivery
from twinpool.protocol.content import ContentWanted
from twinpool.vocabulary.names import PoolFqdn
from twinpool.wire import Envelope
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.tenure import Tenure

log = logging.getLogger(__name__)

PATIENCE = 0.5  #: seconds between looks at whether the tenure is over


class ContentDesk:
    """Answers requests for content, one after the other. `run` is the body of its thread.

    Memory is bounded by what importers may ask for in one message (`wire` refuses more), for each waits for the
    parts before it asks again.
    """

    def __init__(self, pool: PoolFqdn, content: ContentStore, post: PostOffice, tenure: Tenure) -> None:
        """Serve from a content store."""
        self._pool, self._content, self._post, self._tenure = pool, content, post, tenure
        self.inbox: Inbox[Delivery] = Inbox()

    def link_up(self) -> None:
        """Nothing to do: who misses a part asks again."""

    def link_down(self, reason: str) -> None:
        """Nothing to do: who misses a part asks again."""

    def deliver(self, delivery: Delivery) -> None:
        """Take a request in."""
        self.inbox.put(delivery)

    def run(self) -> None:
        """Answer until the tenure is over."""
        while not self._tenure.is_over:
            delivery = self.inbox.take(PATIENCE)
            if delivery is not None:
                self._answer(delivery)

    def _answer(self, delivery: Delivery) -> None:
        request = self._post.open(delivery)
        if request is None:
            return
        assert isinstance(request.message, ContentWanted)  # noqa: S101 - registered for these alone
        try:
            for part in serve(self._content, request.message):
                self._post.send(
                    Envelope(source=self._pool, destination=request.source, stream=request.stream, message=part)
                )
        except BrokerUnreachable as error:
            log.info("content not sent: %s", error, extra={"event": "content.reply_lost"})
        self._post.settle(delivery)
