"""The active front ends of both pools: each has a connection, a generation and a machine, and may die at any step.

Whatever an actor does passes here: each store call and each letter is a place where it can crash before or after, find
the store unavailable before or after the effect, or fall asleep and wake up late, when somebody else is in office.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

from twinpool.errors import (
    BrokerUnreachable,
    ContentMissing,
    ImportFailed,
    Overtaken,
    SessionOvertaken,
    StoreUnavailable,
)
from twinpool.modules.module import RecordModule
from twinpool.ports.store import Store
from twinpool.protocol.export_steps import ExportEvent, Heard, LinkDown, LinkUp, NotDelivered, SyncAsked, Tick
from twinpool.protocol.exporting import Limits
from twinpool.protocol.importing import Heard as ImporterHeard
from twinpool.protocol.messages import (
    Acknowledgement,
    Batch,
    Open,
    Opened,
    Piece,
    Refused,
    Reopen,
    StreamMessage,
)
from twinpool.simulation.cast import Cast, ExportParts, ImportParts
from twinpool.simulation.checking import APPLYING, Checker, demand
from twinpool.simulation.dice import Dice
from twinpool.simulation.model_store import PoolStore
from twinpool.simulation.network import Connection, Letter
from twinpool.simulation.telling import told
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import (
    ORIGIN,
    Digest,
    Generation,
    Home,
    ModuleName,
    PoolFqdn,
    Position,
    Route,
    Stream,
    Term,
)
from twinpool.vocabulary.session import NO_SESSION, SessionId

MODULE = ModuleName("Simulated")
ROUTE = Route(Stream(Home("p1.sim"), MODULE), PoolFqdn("p2.sim"))
TERM = Term(1)
LIMITS = Limits(window=3, ack_timeout=6.0)
MAX_CHANGES = 4  #: in a batch
CONTENT = "file"  #: records of this owner name content that has to be fetched first
FALSE_ALARMS = frozenset({"digest", "diverged"})
CHANGING = APPLYING | {
    "note_session",
    "note_opened",
    "note_acknowledged",
    "note_attempt",
    "note_import",
    "raise_generation",
}


class Crashed(Exception):
    """A process ended here."""


class Module(RecordModule):
    """A module some of whose records name content."""

    name, short_name, names_content = MODULE, "Simulated", True

    def attachments(self, change: Change) -> Iterable[Digest]:
        """Name the content of files."""
        return (Digest(change.key),) if change.owner == CONTENT and change.value is not None else ()


class Stage(Protocol):
    """What an actor needs of the world."""

    dice: Dice
    checker: Checker
    cast: Cast
    now: float

    def nap(self, actor: Actor) -> None:
        """Let the world go on while an actor sleeps."""

    def note(self, line: str, *given: object) -> None:
        """Add a line to the trace."""


class Actor:
    """One process's end of the stream."""

    def __init__(self, stage: Stage, name: str, store: PoolStore, generation: Generation, link: Connection) -> None:
        """Begin with the link down."""
        self.name, self.generation, self.link = name, generation, link
        self.stage, self.dice = stage, stage.dice
        self.napping = self.dead = False
        self.armed = False  #: things may go wrong
        self.hearing: StreamMessage | None = None
        self.events: deque[ExportEvent] = deque()
        self._durable = store
        self.store = cast("Store", _Reached(self, store))

    def turn(self) -> None:
        """Do something, or a few things."""
        try:
            self._act()
        except (Crashed, Overtaken) as error:
            self.end(repr(error))

    def end(self, reason: str) -> None:
        """End the process."""
        if not self.dead:
            self.stage.note("%s ends: %s", self.name, reason)
        self.dead = True
        self.cut(reason)
        self.link.inbox.clear()

    def cut(self, reason: str) -> None:
        """Cut the connection."""
        if self.link.up:
            self.stage.note("%s is cut off", self.name)
            self.link.close(self.dice)
            self.events.append(LinkDown(reason))

    def reconnect(self) -> None:
        """Connect (again)."""
        self.stage.note("%s is connected", self.name)
        self.link.open()
        self.events.append(LinkUp())

    def send(self, message: StreamMessage) -> None:
        """Publish a letter."""
        self.pass_by("send")
        message = self.stage.cast.carry(message)
        self.stage.note("%s sends %s", self.name, told(message))
        self._before_sending(message)
        self.link.publish(message, self.stage.now, self.dice)
        if self.dice.strikes_now("cut while sending", 0.01):
            self.cut("cut while sending")
        self.pass_by("sent")

    def pass_by(self, where: str) -> None:
        """A place where a process may die or sleep."""
        if not self.armed:
            return
        if self.dead:
            raise Crashed("killed in its sleep")
        if self.dice.strikes_now("nap", 0.006):
            self.stage.note("%s falls asleep at %s", self.name, where)
            self.stage.nap(self)
            self.stage.note("%s wakes up at %s", self.name, where)
            if self.dead:
                raise Crashed("killed in its sleep")
        if self.dice.strikes_now("crash", 0.006):
            raise Crashed(f"at {where}")

    def call(self, name: str, method: Callable[..., Any], *given: object, **named: object) -> object:
        """Reach the store."""
        self.pass_by(name)
        if self.armed and self.dice.strikes_now("store unavailable", 0.006):
            raise StoreUnavailable(f"before {name}")
        if name in APPLYING and self.dice.strikes_now("import fails", 0.03):
            raise ImportFailed(f"{name} failed")
        result = method(*given, **named)
        if name in CHANGING:
            self.stage.note("%s: %s %s", self.name, name, named)
            if name == "note_session":
                self.stage.checker.noted(cast("SessionId", given[1]))
            self.stage.checker.done(self._durable, name, named, self.hearing)
        self.pass_by(f"after {name}")
        if self.armed and self.dice.strikes_now("store unavailable", 0.004):
            raise StoreUnavailable(f"after {name}")
        return result

    def _act(self) -> None:
        raise NotImplementedError

    def _before_sending(self, message: StreamMessage) -> None:
        raise NotImplementedError

    def _take(self) -> Letter | None:
        """Take the next letter of the inbox; it is settled once it has been heard."""
        if not self.link.inbox:
            return None
        letter = self.link.inbox.popleft()
        self.hearing = letter.message
        self.stage.note("%s hears %s", self.name, told(letter.message))
        return letter


class _Reached:
    """A store as an actor reaches it."""

    def __init__(self, actor: Actor, store: PoolStore) -> None:
        self._actor, self._store = actor, store

    def __getattr__(self, name: str) -> object:
        return functools.partial(self._actor.call, name, getattr(self._store, name))


class ExportingActor(Actor):
    """The active front end of the pool that the changes come from."""

    def __init__(self, stage: Stage, name: str, store: PoolStore, generation: Generation, link: Connection) -> None:
        """Take office."""
        super().__init__(stage, name, store, generation, link)
        failing = store.export_ledger(ROUTE).failure is not None
        parts = ExportParts(
            route=ROUTE,
            machine=stage.cast.exporting(TERM, generation, LIMITS, failing=failing),
            module=Module(),
            store=self.store,
            generation=generation,
            send=self.send,
            note_every=self.dice.one_of((0.0, 0.0, 0.5)),
            monotonic=lambda: stage.now,
        )
        self._machine, self._performer = parts.machine, stage.cast.exporter(parts)
        self._tick_at = 0.0
        self._session, self._number, self._last = NO_SESSION, 0, ORIGIN
        self._under_way: deque[int] = deque()
        self.armed = True

    def sync(self, *, full: bool) -> None:
        """Hear an operator's wish."""
        self.events.append(SyncAsked(full))

    def _act(self) -> None:
        for _ in range(self.dice.number(1, 3)):
            if self.events and (not self.link.inbox or self.dice.chance(0.5)):
                self._performer.feed(self.events.popleft())
            elif letter := self._take():
                self._hear(letter)
        if self.stage.now >= self._tick_at:
            self._tick_at = self.stage.now + 0.25
            self._performer.feed(Tick())
        while self.dice.chance(0.7) and self._performer.read(MAX_CHANGES):
            pass
        # Nothing here damages a message, and the source goes back in time only when its store is lost.
        alarmed = self._machine.cause in FALSE_ALARMS and not self.stage.checker.is_cut
        demand(not alarmed, f"a false alarm: {self._machine.cause}")

    def _hear(self, letter: Letter) -> None:
        message = letter.message
        if isinstance(message, Opened | Acknowledgement | Reopen | Refused):
            if self.generation == self.stage.checker.generations[id(self._durable)]:
                self.stage.checker.heard(message, self.stage.now)
            self.link.settle(letter)
            if isinstance(message, Acknowledgement) and message.session == self._session:
                while self._under_way and self._under_way[0] <= message.number:
                    self._under_way.popleft()
            self._performer.feed(Heard(message))
        self.hearing = None

    def _before_sending(self, message: StreamMessage) -> None:
        self._check_order(message)
        if self.link.up and self.dice.strikes_now("undeliverable", 0.01):
            self.events.append(NotDelivered(message.session, "no queue"))

    def _check_order(self, message: StreamMessage) -> None:
        """What is sent in a session is numbered without a gap, follows, and keeps to the window."""
        if isinstance(message, Open):
            demand(message.session > self._session, f"{message.session} was opened after {self._session}")
            self.stage.checker.opened(message.session)
            self._session, self._number = message.session, 0
            self._under_way.clear()
            return
        if not isinstance(message, Batch | Piece):
            return
        after = message.after if isinstance(message, Batch) else message.position
        demand(message.session == self._session, f"{message.session} was sent after {self._session}")
        demand(message.number == self._number + 1, f"number {message.number} was sent after {self._number}")
        demand(self._number == 0 or after == self._last, f"what follows {after} was sent after {self._last}")
        self._number, self._last = message.number, _end_of(message)
        if isinstance(message, Piece) or not message.is_canary:
            self._under_way.append(message.number)
            demand(len(self._under_way) <= LIMITS.window, f"the window holds {list(self._under_way)}")


class ImportingActor(Actor):
    """The active front end of the pool that the changes go to."""

    def __init__(self, stage: Stage, name: str, store: PoolStore, generation: Generation, link: Connection) -> None:
        """Take office."""
        super().__init__(stage, name, store, generation, link)
        parts = ImportParts(
            route=ROUTE,
            machine=stage.cast.importing(store.import_progress(ROUTE.stream), TERM),
            module=Module(),
            store=self.store,
            generation=generation,
            send=self.send,
            fetch=self._fetch,
        )
        self._performer = stage.cast.importer(parts)
        self.armed = True

    def _act(self) -> None:
        for _ in range(self.dice.number(1, 4)):
            if letter := self._take():
                if isinstance(letter.message, Open | Batch | Piece):
                    self._performer.feed(ImporterHeard(letter.message))
                self.link.settle(letter)
                self.hearing = None

    def _fetch(self, digests: Iterable[Digest]) -> None:
        """Fetching content takes long, gives signs of life, and fails in several ways."""
        del digests
        if self.dice.strikes_now("sign of life", 0.3):
            self._performer.repeat_acknowledgement()
        if self.dice.strikes_now("content missing", 0.05):
            raise ContentMissing("content is missing")
        if self.dice.strikes_now("overtaken while fetching", 0.05):
            raise SessionOvertaken("the source asks for another session")
        if not self.link.up and self.dice.strikes_now("asking for content in vain", 0.3):
            raise BrokerUnreachable("the link is down")

    def _before_sending(self, message: StreamMessage) -> None:
        if isinstance(message, Opened | Acknowledgement):
            self.stage.checker.said(message)


def _end_of(message: Batch | Piece) -> Position:
    return message.last if isinstance(message, Batch) else message.position


__all__ = ["Actor", "Crashed", "ExportingActor", "ImportingActor", "Stage"]
