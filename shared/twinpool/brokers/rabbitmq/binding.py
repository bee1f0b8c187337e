"""Binds a pool's queues to the exchanges of those who may speak to it, for as long as the connection lives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pika
import pika.channel
import pika.exceptions

from twinpool.brokers.topology import Topology, exchange_from, queue_to, routing_key
from twinpool.vocabulary.names import PoolFqdn

log = logging.getLogger(__name__)

LOOK_AGAIN = 5.0  #: seconds; bindings vanish without a word when somebody deletes the speaker's exchange


class Bindings:
    """Makes all bindings, tries those again that could not be made, and makes sure of the others now and then.

    A pool may not declare another's exchange. Binding to one that is missing costs the channel, so each speaker is
    tried on a channel of its own, and what the link does besides is not touched by it.
    """

    def __init__(self, connection: pika.SelectConnection, topology: Topology, bind_again: float) -> None:
        """Work on an open connection; `bind_again` is the pause in seconds before a failed binding is retried."""
        self._connection, self._topology, self._bind_again = connection, topology, bind_again
        self._missing: dict[PoolFqdn, str] = {}  # with the reason

    def keep(self, done: Callable[[], None]) -> None:
        """Bind now and from now on; call back once each speaker has been tried for the first time."""

        def tried() -> None:
            self._connection.ioloop.call_later(self._bind_again if self._missing else LOOK_AGAIN, self._look_again)
            done()

        self.once(tried)

    def once(self, done: Callable[[], None]) -> None:
        """Try each speaker once, then call back; never, if the connection goes."""
        waiting = set(self._topology.speakers)
        if not waiting:
            done()

        def answered(speaker: PoolFqdn, _channel: pika.channel.Channel, error: Exception) -> None:
            if self._connection.is_open:
                self._note(speaker, error)
                waiting.discard(speaker)
                if not waiting:
                    done()

        for speaker in self._topology.speakers:
            self._connection.channel(on_open_callback=partial(self._bind, speaker, partial(answered, speaker)))

    def _look_again(self) -> None:
        if self._connection.is_open:
            self.keep(lambda: None)

    def _bind(self, speaker: PoolFqdn, answered: Callable[..., None], channel: pika.channel.Channel) -> None:
        channel.add_on_close_callback(answered)
        pool, exchange = self._topology.pool, exchange_from(speaker)
        *first, last = self._topology.subjects
        for subject in first:
            channel.queue_bind(queue_to(pool, subject), exchange, routing_key(pool, subject))
        channel.queue_bind(
            queue_to(pool, last), exchange, routing_key(pool, last), callback=lambda _frame: channel.close()
        )

    def _note(self, speaker: PoolFqdn, error: Exception) -> None:
        if isinstance(error, pika.exceptions.ChannelClosedByClient):
            if self._missing.pop(speaker, None) is not None:
                log.info("%s can be heard now", speaker, extra={"event": "binding.made", "speaker": speaker})
            return
        reason = str(getattr(error, "reply_text", error))
        if self._missing.get(speaker) != reason:
            extra = {"event": "binding.missing", "speaker": speaker, "reason": reason}
            log.info("%s cannot be heard yet: %s", speaker, reason, extra=extra)
        self._missing[speaker] = reason
