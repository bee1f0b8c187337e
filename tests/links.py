"""What tests of links share: a listener that remembers, and a common face for the brokers behind the links."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Protocol

import pika
import pika.adapters.blocking_connection

from twinpool.brokers.link_options import LinkOptions
from twinpool.brokers.memory import MemoryBroker, MemoryLink
from twinpool.brokers.rabbitmq import RabbitmqLink
from twinpool.brokers.topology import CONTROL, Topology, queue_to, routing_key
from twinpool.errors import BrokerUnreachable
from twinpool.ports.broker import Delivery, Letter, Link, LinkListener, Outcome
from twinpool.vocabulary.names import PoolFqdn

PATIENCE = 60.0  #: seconds; a bound for what never happens, not a measure of what does
SUBJECT = "UserServices.PresenceFocus"


@dataclass(eq=False)
class Recorder:
    """A listener that remembers what it hears; with `link` set it acknowledges what is delivered."""

    link: Link | None = None
    states: list[str] = field(default_factory=list)  #: "up", "down", "blocked", "unblocked"
    reasons: list[str] = field(default_factory=list)  #: of downs
    deliveries: list[Delivery] = field(default_factory=list)
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    unsettled_at_down: list[int] = field(default_factory=list)  #: how many tokens had no outcome yet
    told_while_down: int = 0  #: outcomes that came after the link was said to be down, and before it was up
    expected: set[int] = field(default_factory=set)
    threads: set[int] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def link_up(self) -> None:
        self._note(lambda: self.states.append("up"))

    def link_down(self, reason: str) -> None:
        def down() -> None:
            self.states.append("down")
            self.reasons.append(reason)
            self.unsettled_at_down.append(len(self.expected - self.outcomes.keys()))

        self._note(down)

    def link_blocked(self, reason: str | None) -> None:
        self._note(lambda: self.states.append("unblocked" if reason is None else "blocked"))

    def delivered(self, delivery: Delivery) -> None:
        if self.link is not None:
            self.link.acknowledge(delivery)
        self._note(lambda: self.deliveries.append(delivery))

    def settled(self, token: int, outcome: Outcome) -> None:
        def settle() -> None:
            self.outcomes.setdefault(token, []).append(outcome)
            self.told_while_down += self.states[-1:] == ["down"]

        self._note(settle)

    def _note(self, note: Callable[[], None]) -> None:
        with self.changed:
            self.threads.add(threading.get_ident())
            note()
            self.changed.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, PATIENCE), f"{self.states} {self.reasons} {self.counts()}"

    def wait_up(self, times: int = 1) -> None:
        self.wait_for(lambda: self.states.count("up") >= times)

    def wait_down(self, times: int = 1) -> None:
        self.wait_for(lambda: self.states.count("down") >= times)

    def wait_delivered(self, count: int) -> list[Delivery]:
        self.wait_for(lambda: len(self.deliveries) >= count)
        return list(self.deliveries)

    def outcome(self, token: int) -> Outcome:
        self.wait_for(lambda: token in self.outcomes)
        return self.outcomes[token][0]

    def counts(self) -> Counter[Outcome]:
        return Counter(outcome for each in self.outcomes.values() for outcome in each)


class World(Protocol):
    """A broker, and what a test may do to it."""

    def link(self, topology: Topology, options: LinkOptions) -> Link:
        """Make a link that has not been started."""

    def cut(self, link: Link) -> None:
        """Cut its connections as a network may."""

    def delete_queue(self, name: str) -> None:
        """Delete a queue behind the link's back."""

    def read(self, name: str) -> list[tuple[dict[str, object], bytes]]:
        """Look at what is ready in a queue that nobody consumes; it stays there."""


class MemoryWorld:
    """A broker in this process."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()

    def link(self, topology: Topology, options: LinkOptions) -> Link:
        return self.broker.link(topology, options)

    def cut(self, link: Link) -> None:
        assert isinstance(link, MemoryLink)
        link.cut()

    def delete_queue(self, name: str) -> None:
        self.broker.delete_queue(name)

    def read(self, name: str) -> list[tuple[dict[str, object], bytes]]:
        return [(dict(message.headers), message.body) for message in self.broker.messages(name)]


class RabbitmqWorld:
    """A real one."""

    def __init__(self, url: str) -> None:
        self.url = url

    def link(self, topology: Topology, options: LinkOptions) -> Link:
        return RabbitmqLink(self.url, topology, options)

    def cut(self, link: Link) -> None:
        assert isinstance(link, RabbitmqLink)
        assert link._life is not None
        for connection in list(link._life._alive):
            connection._transport._sock.shutdown(socket.SHUT_RDWR)

    def delete_queue(self, name: str) -> None:
        with self.stranger() as channel:
            channel.queue_delete(name)

    def read(self, name: str) -> list[tuple[dict[str, object], bytes]]:
        found: list[tuple[dict[str, object], bytes]] = []
        with self.stranger() as channel:
            while True:
                method, properties, body = channel.basic_get(name)
                if method is None:
                    return found
                found.append((dict(properties.headers or {}), body))

    @contextmanager
    def stranger(self) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
        """An AMQP client that is none of ours."""
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()


class Stage:
    """Two pools that speak to each other, with names that nobody else has, on some world."""

    def __init__(self, world: World, cleanup: ExitStack) -> None:
        self.world, self._cleanup = world, cleanup
        mark = token_hex(4)
        self.here, self.there = PoolFqdn(f"here-{mark}.lab"), PoolFqdn(f"there-{mark}.lab")
        self.queue = queue_to(self.there, SUBJECT)  #: what `here` writes to

    def topology(self, pool: PoolFqdn) -> Topology:
        speaker = self.there if pool == self.here else self.here
        return Topology(pool=pool, speakers=(speaker,), subjects=(SUBJECT, CONTROL))

    def open(self, pool: PoolFqdn, listener: LinkListener, options: LinkOptions | None = None) -> Link:
        """Start a link of a pool; it is closed with the test."""
        link = self.world.link(self.topology(pool), options or LinkOptions(bind_again=0.1))
        self._cleanup.callback(link.close)
        link.start(listener)
        return link

    def letter(self, body: bytes = b"", *, subject: str = SUBJECT) -> Letter:
        """Write a letter from here to there."""
        return Letter(
            routing_key=routing_key(self.there, subject),
            content_type="application/x-test",
            headers={"number": 1, "text": "ä"},
            body=body,
        )

    def pair(self, options: LinkOptions | None = None) -> tuple[Link, Recorder, Link, Recorder]:
        """Open both pools, so that what is published here arrives there."""
        there_hears, here_hears = Recorder(), Recorder()
        there = self.open(self.there, there_hears, options)
        there_hears.wait_up()
        here = self.open(self.here, here_hears, options)
        here_hears.wait_up()
        self.wait_routable(here, here_hears, there, there_hears)
        return here, here_hears, there, there_hears

    def wait_routable(self, here: Link, here_hears: Recorder, there: Link, there_hears: Recorder) -> None:
        """Knock until it is heard, then forget the knocking."""
        while here_hears.outcome(here.publish(self.letter(b"knock"))) is not Outcome.CONFIRMED:
            pass
        there.acknowledge(there_hears.wait_delivered(1)[0])
        there_hears.deliveries.clear()
        here_hears.outcomes.clear()


def publish_each(link: Link, listener: Recorder, letters: list[Letter]) -> list[int]:
    """Publish without waiting for anything; return the tokens."""
    tokens = []
    for letter in letters:
        token = link.publish(letter)
        tokens.append(token)
        with listener.changed:
            listener.expected.add(token)
    return tokens


def publish_until_down(link: Link, listener: Recorder, letter: Letter) -> None:
    """Publish until the link has been down, whether or not we notice it."""
    while "down" not in listener.states:
        with contextlib.suppress(BrokerUnreachable):
            publish_each(link, listener, [letter])


class CutAfter:
    """Cuts a link from another thread once its listener has heard of so many letters."""

    def __init__(self, world: World, link: Link, listener: Recorder, settled: int) -> None:
        self._world, self._link, self._listener, self._settled = world, link, listener, settled
        self._thread = threading.Thread(target=self._cut)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def _cut(self) -> None:
        self._listener.wait_for(lambda: len(self._listener.outcomes) >= self._settled)
        self._world.cut(self._link)
