"""The half of a link that publishes: letters out with many confirms in flight, each outcome told once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import pika
import pika.channel
import pika.exceptions
from pika import spec

from twinpool.brokers.rabbitmq.confirms import Confirms
from twinpool.brokers.rabbitmq.hooks import Hooks
from twinpool.ports.broker import Letter, Outcome

log = logging.getLogger(__name__)

TURN = 200  #: letters that go out before the loop looks at what came in
PERSISTENT = 2  #: AMQP's delivery mode for what a restart of the broker must not lose

#: What pika raises, before anything is sent, about a letter that does not fit AMQP's forms.
UNSENDABLE = (pika.exceptions.AMQPError, ValueError, TypeError, OverflowError, UnicodeError)


class Publisher:
    """Publishes on a channel of its own connection. A token leaves `outbox` or `_confirms` when its outcome is told."""

    def __init__(
        self,
        hooks: Hooks,
        exchange: str,
        settled: Callable[[int, Outcome], None],
        blocked: Callable[[str | None], None],
    ) -> None:
        """Tell outcomes to `settled`; tell `blocked` the reason when the broker asks for silence, None when it ends."""
        self._hooks, self._exchange, self._settled, self._tell_blocked = hooks, exchange, settled, blocked
        self.outbox: deque[tuple[int, Letter]] = deque()  #: with their tokens; any thread may append
        self.is_blocked = False  #: whether the broker asks for silence
        self._channel: pika.channel.Channel | None = None
        self._confirms = Confirms()

    def open(self, connection: pika.SelectConnection) -> None:
        """Prepare a channel on an open connection."""
        contained = self._hooks.contained
        connection.add_on_connection_blocked_callback(contained(self._on_blocked))
        connection.add_on_connection_unblocked_callback(contained(self._on_unblocked))
        connection.channel(on_open_callback=contained(self._confirm_on))

    def publish_some(self) -> bool:
        """Publish a turn's worth of letters; True if there are more to go."""
        if self._channel is None or not self._channel.is_open:
            return False
        for _ in range(TURN):
            # While the broker reads nothing, letters wait here and not in the socket's buffers.
            if self.is_blocked or not self.outbox:
                return False
            self._publish(self._channel, *self.outbox.popleft())
        return bool(self.outbox)

    def is_idle(self) -> bool:
        """Say whether the outcome of every letter has been told."""
        return not self.outbox and not self._confirms

    def abandon(self) -> list[int]:
        """Take out the tokens of all letters whose outcome has not been told."""
        tokens = [*self._confirms.abandon(), *(token for token, _ in self.outbox)]
        self.outbox.clear()
        return tokens

    def _publish(self, channel: pika.channel.Channel, token: int, letter: Letter) -> None:
        properties = pika.BasicProperties(
            content_type=letter.content_type,
            headers=dict(letter.headers),
            delivery_mode=PERSISTENT,
            # A letter that no queue takes comes back without its tag; it is recognised by this.
            message_id=str(self._confirms.next_tag),
        )
        try:
            channel.basic_publish(self._exchange, letter.routing_key, letter.body, properties, mandatory=True)
        except UNSENDABLE as error:
            extra = {"event": "letter.unsendable", "routing_key": letter.routing_key}
            log.error("a letter cannot be sent: %r", error, extra=extra)
            self._settled(token, Outcome.REJECTED)
        else:
            self._confirms.note(token)

    # ── what the broker says ────────────────────────────────────────────────────────────────────────────────

    def _confirm_on(self, channel: pika.channel.Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._hooks.channel_gone)
        channel.add_on_return_callback(self._hooks.contained(self._on_return))
        channel.confirm_delivery(
            self._hooks.contained(self._on_confirm), callback=lambda _frame: self._hooks.prepared()
        )

    def _on_return(self, _channel: Any, _method: Any, properties: Any, _body: bytes) -> None:
        self._confirms.returned(int(properties.message_id))

    def _on_confirm(self, frame: Any) -> None:
        refused = isinstance(frame.method, spec.Basic.Nack)
        settled = self._confirms.settle(frame.method.delivery_tag, multiple=frame.method.multiple, refused=refused)
        for token, outcome in settled:
            self._settled(token, outcome)

    def _on_blocked(self, _connection: Any, frame: Any) -> None:
        self.is_blocked = True
        self._tell_blocked(str(frame.method.reason))

    def _on_unblocked(self, _connection: Any, _frame: Any) -> None:
        self.is_blocked = False
        self._tell_blocked(None)
