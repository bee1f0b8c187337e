"""The link to RabbitMQ: a thread that lives one life after the other until it is closed."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import deque
from urllib.parse import parse_qs, urlsplit

import pika
import pika.connection
from pika.credentials import ExternalCredentials

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.rabbitmq.life import CLOSE_SECONDS, LEAVE_SECONDS, SETTLE_SECONDS, Life
from twinpool.brokers.rabbitmq.tolerance import hush, read_tolerantly
from twinpool.brokers.topology import Topology
from twinpool.errors import BrokerUnreachable, InvalidConfiguration
from twinpool.ports.broker import Delivery, Letter, LinkListener
from twinpool.retrying import RECONNECT, Policy
from twinpool.vocabulary.addresses import broker_addresses

log = logging.getLogger(__name__)

STEADY = 10.0  #: seconds that a link must have lived for the pauses to begin small again


class RabbitmqLink:
    """Fulfils `Link` with pika. See `life` for what happens between two reconnects."""

    def __init__(
        self, url: str, topology: Topology, options: LinkOptions | None = None, *, reconnect: Policy = RECONNECT
    ) -> None:
        """Prepare a link for a pool. Raises `InvalidConfiguration` if the URL is not one of a RabbitMQ."""
        self._topology, self._options, self._reconnect = topology, options or LinkOptions(), reconnect
        name = f"twinpool {topology.pool}"
        # A cluster's nodes are tried in turn: one that fails a life is the last that is tried for the next one.
        self._nodes = deque(parameters_of(node, name, self._options) for node in broker_addresses(url))
        self._epochs, self._tokens = itertools.count(1), itertools.count(1)
        self._life: Life | None = None
        self._told = ""  # the reason that the listener was last given for not being up
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    # ── for any thread ──────────────────────────────────────────────────────────────────────────────────────

    def start(self, listener: LinkListener) -> None:
        """Begin to connect."""
        hush()
        read_tolerantly()
        name = f"link {self._topology.pool}"
        self._thread = threading.Thread(target=self._run, args=(listener,), name=name, daemon=True)
        self._thread.start()

    def publish(self, letter: Letter) -> int:
        """Hand a letter over. Raises `BrokerUnreachable` while the link is down."""
        token, life = next(self._tokens), self._life
        if life is None or not life.post(token, letter):
            raise BrokerUnreachable(self._told or "not connected to RabbitMQ")
        return token

    def acknowledge(self, delivery: Delivery) -> None:
        """Let the broker forget a delivery, unless its connection is gone."""
        if life := self._life_of(delivery):
            life.settle(delivery)

    def quarantine(self, delivery: Delivery, reason: str) -> None:
        """Put a copy into quarantine and let the broker forget the original, unless its connection is gone."""
        if life := self._life_of(delivery):
            life.quarantine(delivery, reason)

    def close(self) -> None:
        """Send what was handed over, close, and wait for the thread; within a few seconds even if nobody answers."""
        self._closing.set()
        # The thread looks at `_closing` after it has set `_life`, so one of us sees the other.
        if life := self._life:
            life.finish()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(SETTLE_SECONDS + CLOSE_SECONDS + 2 * LEAVE_SECONDS + self._options.connect_timeout)
            if self._thread.is_alive():
                log.error("the link's thread does not end", extra={"event": "link.stuck"})

    def _life_of(self, delivery: Delivery) -> Life | None:
        life = self._life
        if life is not None and life.epoch == delivery.epoch:
            return life
        extra = {"event": "delivery.stale", "queue": delivery.queue, "tag": delivery.tag, "epoch": delivery.epoch}
        log.info("a delivery outlived its connection; the broker will deliver it again", extra=extra)
        return None

    # ── the owner thread ────────────────────────────────────────────────────────────────────────────────────

    def _run(self, listener: LinkListener) -> None:
        while not self._closing.is_set():
            try:
                self._reconnect.call(lambda: self._live(listener), self._closing)
            except BrokerUnreachable:
                if not self._closing.is_set():  # the policy gave up; this link does not
                    log.warning("still no connection to RabbitMQ", extra={"event": "link.unreachable"})
            except Exception:  # a mistake of ours or the listener's; whatever it is, the link must not end in silence
                log.exception("the link stumbled", extra={"event": "link.stumbled"})
                self._closing.wait(self._reconnect.longest_pause)

    def _live(self, listener: LinkListener) -> None:
        """Live once. Raises `BrokerUnreachable` unless that was for long, or we are closing."""
        try:
            life = Life(next(self._epochs), self._nodes[0], self._topology, self._options, listener)
        except OSError as error:  # no more files may be opened
            raise BrokerUnreachable(f"no connection to RabbitMQ can be made: {error}") from error
        self._life = life
        if self._closing.is_set():
            life.finish()
        began = time.monotonic()
        reason = life.run()
        self._life = None
        self._nodes.rotate(-1)
        if self._closing.is_set():
            return
        if not life.was_up and reason != self._told:
            listener.link_down(reason)
        self._told = reason
        if not (life.was_up and time.monotonic() - began >= STEADY):
            raise BrokerUnreachable(reason)


def parameters_of(url: str, name: str, options: LinkOptions) -> pika.connection.Parameters:
    """Read a broker URL; what stands in its query counts more than the options.

    Raises `InvalidConfiguration`, and never repeats the URL: it holds a password.
    """
    try:
        parts = urlsplit(url)
        if parts.username and parts.password is None:
            raise InvalidConfiguration("the broker URL names a user without a password", field="broker.url")
        parameters = pika.URLParameters(url) if parts.scheme in {"amqp", "amqps"} else None
    except (ValueError, TypeError, OSError, SyntaxError) as error:
        what = f"the broker URL cannot be read ({type(error).__name__})"
        raise InvalidConfiguration(what, field="broker.url") from None
    if parameters is None:
        raise InvalidConfiguration("the broker URL must begin with amqp:// or amqps://", field="broker.url")
    if parts.scheme == "amqps" and options.tls is not None:
        parameters.ssl_options = pika.SSLOptions(options.tls, parameters.host)
        if not parts.username:  # Who we are is told by the certificate.
            parameters.credentials = ExternalCredentials()
    ours = {
        "heartbeat": options.heartbeat,
        "socket_timeout": options.connect_timeout,
        "stack_timeout": 2 * options.connect_timeout,
        "client_properties": {"connection_name": name},
    }
    given = parse_qs(parts.query)
    for key, value in ours.items():
        if key not in given:
            setattr(parameters, key, value)
    return parameters
