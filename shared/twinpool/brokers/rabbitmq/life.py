"""One life of a link: two connections and their channels. It ends as soon as one of them does, and is never revived.

Publishing and reading have a connection each, because a broker in need stops listening to those that publish, and
what it must hear to get out of the need are the acknowledgements.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import pika
import pika.connection
from pika.adapters.select_connection import IOLoop

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.quarantine import copy_for_quarantine
from twinpool.brokers.rabbitmq.failures import reason_of
from twinpool.brokers.rabbitmq.publishing import Publisher
from twinpool.brokers.rabbitmq.reading import Reader
from twinpool.brokers.topology import Topology, exchange_from
from twinpool.ports.broker import Delivery, Letter, LinkListener, Outcome

log = logging.getLogger(__name__)

HALVES = 2
STUMBLES = 100  #: how often a loop that fails is entered again to let the connections close
AGAIN = 1.0  #: seconds until a message is put into quarantine again after the broker would not take it
LEAVE_SECONDS = 1.0  #: how long one connection gets to close once the other is gone
SETTLE_SECONDS = 2.0  #: how long letters have to be confirmed when we are asked to close
CLOSE_SECONDS = 2.0  #: how long both connections get to close after that


class Life:
    """Two connections on one loop, run by one thread; `post`, `settle`, `quarantine` and `finish` are for any.

    Every token that `post` took is told exactly one outcome, before `run` returns.
    """

    def __init__(
        self,
        epoch: int,
        parameters: pika.connection.Parameters,
        topology: Topology,
        options: LinkOptions,
        listener: LinkListener,
    ) -> None:
        """Prepare; nothing happens before `run`."""
        self.epoch = epoch
        self.was_up = False
        self._parameters, self._topology, self._listener = parameters, topology, listener
        self._loop = IOLoop()
        self._alive: set[pika.SelectConnection] = set()
        self._reader = Reader(self, topology, options, epoch, listener.delivered)
        self._publisher = Publisher(self, exchange_from(topology.pool), self._settled, self._blocked)
        self._prepared = 0  # halves
        self._finishing = False
        self._ending = ""  # the reason, once there is one
        self._errands: deque[Callable[[], None]] = deque()  # acknowledgements and the like, in order
        self._aside: dict[int, tuple[Delivery, str]] = {}  # on its way to quarantine, by token; those are negative
        self._guard = threading.Lock()
        self._up = False  # under the guard: no letter enters before the life is up, or once it is ending
        self._woken = False

    # ── for any thread ──────────────────────────────────────────────────────────────────────────────────────

    def post(self, token: int, letter: Letter) -> bool:
        """Take a letter in; False if the life is not up."""
        with self._guard:
            if not self._up:
                return False
            self._publisher.outbox.append((token, letter))
        self._wake()
        return True

    def settle(self, delivery: Delivery) -> None:
        """Acknowledge a delivery, in the order of the calls."""
        self._errands.append(partial(self._reader.acknowledge, delivery))
        self._wake()

    def quarantine(self, delivery: Delivery, reason: str) -> None:
        """Put a copy of a delivery into quarantine, then acknowledge it."""
        self._errands.append(partial(self._put_aside, delivery, reason))
        self._wake()

    def finish(self) -> None:
        """End the life in order: what was handed over before goes out."""
        self._loop.add_callback_threadsafe(self._finish)

    def _wake(self) -> None:
        """Have `_work` run after this; any number of calls before it does are one wake-up."""
        with self._guard:
            woken, self._woken = self._woken, True
        if not woken:
            self._loop.add_callback_threadsafe(self._work)

    # ── the owner thread ────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> str:
        """Live, and return the reason of the end, which has been told if the life was ever up."""
        try:
            self._connect(self._reader.open)
            self._connect(self._publisher.open)
            self._spin()
        finally:
            self._loop.close()
        for token in self._publisher.abandon():
            self.contained(self._settled)(token, Outcome.LOST)
        if self._publisher.is_blocked:  # The next life hears for itself whether it still is.
            self.contained(self._listener.link_blocked)(None)
        if self.was_up:
            self.contained(self._listener.link_down)(self._ending)
        return self._ending

    def _connect(self, opened: Callable[[pika.SelectConnection], None]) -> None:
        self._alive.add(
            pika.SelectConnection(
                self._parameters,
                on_open_callback=self.contained(opened),
                on_open_error_callback=self._connection_gone,
                on_close_callback=self._connection_gone,
                custom_ioloop=self._loop,
            )
        )

    def _spin(self) -> None:
        for _ in range(STUMBLES):
            if not self._alive:
                return
            self.contained(self._loop.start)()

    def _work(self) -> None:
        """Do what other threads asked for. The mark goes down first: what comes in from here on wakes us again."""
        self._woken = False
        while self._errands:
            self._errands.popleft()()
        if self._publisher.publish_some():
            self._wake()

    def _put_aside(self, delivery: Delivery, reason: str) -> None:
        token = -delivery.tag
        self._aside[token] = delivery, reason
        letter = copy_for_quarantine(self._topology.pool, delivery, reason)
        self._publisher.outbox.append((token, letter))

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────

    def contained(self, call: Callable[..., None]) -> Callable[..., None]:
        """Keep errors from pika, which would take them for the network's and hide where they come from."""

        def contained(*arguments: Any) -> None:
            try:
                call(*arguments)
            except Exception as error:  # a mistake of ours or the listener's: this life ends, the link lives on
                log.exception("the link stumbled", extra={"event": "link.stumbled"})
                self._end(f"internal error: {type(error).__name__}: {error}", LEAVE_SECONDS)

        return contained

    def prepared(self) -> None:
        """Go up once both halves are ready."""
        self._prepared += 1
        if self._prepared == HALVES and not self._ending:
            self.contained(self._go_up)()

    def _go_up(self) -> None:
        with self._guard:
            self._up = self.was_up = True
        self._listener.link_up()
        self._reader.consume_all()  # after that, so that whoever hears of a delivery can answer it

    def _blocked(self, reason: str | None) -> None:
        self._listener.link_blocked(reason)
        self._wake()

    def _settled(self, token: int, outcome: Outcome) -> None:
        if self._finishing:  # Looked at later: the broker may have spoken of more than this one.
            self._loop.add_callback_threadsafe(self._close_if_settled)
        if token >= 0:
            self._listener.settled(token, outcome)
            return
        delivery, reason = self._aside.pop(token)
        if outcome is Outcome.CONFIRMED:
            self._reader.acknowledge(delivery)
        elif outcome is not Outcome.LOST:  # what is lost is delivered again, and put aside again
            self._reader.renew_quarantine()
            self._loop.call_later(AGAIN, partial(self.quarantine, delivery, reason))

    # ── the end ─────────────────────────────────────────────────────────────────────────────────────────────

    def channel_gone(self, _channel: Any, error: Exception) -> None:
        """End the life; on a new connection everything is made anew, which needs no second way."""
        self._end(reason_of(error, self._parameters), LEAVE_SECONDS)

    def _connection_gone(self, connection: pika.SelectConnection, error: BaseException) -> None:
        self._alive.discard(connection)
        self._end(reason_of(error, self._parameters), LEAVE_SECONDS)
        if not self._alive:
            self._loop.stop()

    def _finish(self) -> None:
        """Take nothing more in, and end once all letters that were handed over are settled, or it takes too long."""
        with self._guard:
            self._up = False
        self._finishing = True
        self._work()
        self._loop.call_later(SETTLE_SECONDS, self._close)
        self._close_if_settled()

    def _close_if_settled(self) -> None:
        if self._finishing and self._publisher.is_idle():
            self._close()

    def _close(self) -> None:
        self._end("closed", CLOSE_SECONDS)

    def _end(self, reason: str, patience: float) -> None:
        """Close both connections; what the broker still says until they are gone is heard."""
        if self._ending:
            return
        self._ending = reason
        with self._guard:
            self._up = False
        for connection in list(self._alive):
            if not (connection.is_closing or connection.is_closed):
                connection.close()
        self._loop.call_later(patience, self._drop)

    def _drop(self) -> None:
        """Give up on connections that do not close: a broker that hangs must not hold us."""
        for connection in list(self._alive):
            connection._adapter_disconnect_stream()  # noqa: SLF001 - pika offers no abrupt close
        self._loop.call_later(LEAVE_SECONDS, self._forsake)

    def _forsake(self) -> None:
        self._alive.clear()
        self._loop.stop()
