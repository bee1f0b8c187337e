"""The active front end of a pool: performs what the machines ask for, in order, and may die between any two actions."""

from __future__ import annotations

import functools
from collections import deque
from typing import Any, cast

from twinpool.errors import HomeNotReadOnly, HomeNotServed, HomeReadOnly, Overtaken, StoreUnavailable, TermTaken
from twinpool.failover import coordinating, quiescing, rejoining, repairing
from twinpool.failover.documents import (
    engagement_document,
    kind_of,
    operation_document,
    read_engagement,
    read_operation,
)
from twinpool.failover.messages import (
    FAILOVER,
    Abort,
    Aborted,
    FailoverMessage,
    HandedOver,
    HandOver,
    Objected,
    Quiesce,
    Quiesced,
    Repaired,
    RepairWanted,
    Standing,
    StandingWanted,
)
from twinpool.failover.operation import Operation, heads_of
from twinpool.ports.store import Store
from twinpool.protocol.messages import Acknowledgement, Batch, Open, Opened, Piece, Refused, Reopen, StreamMessage
from twinpool.simulation.failover.parts import HOME, MODULES, PARTNER, STREAMS, Crashed
from twinpool.simulation.failover.post import Letter
from twinpool.simulation.failover.pumps import ExportPump, ImportPump
from twinpool.simulation.failover.stage import Stage
from twinpool.stores.memory import MemoryStore
from twinpool.stores.untouched import Witness
from twinpool.vocabulary.home import HomeStatus, TermBeginning
from twinpool.vocabulary.names import ORIGIN, Generation, Instant, ModuleName, Route, Stream, Term

CHANGING = frozenset(
    {"save_operation", "set_mode", "give_up", "take_over", "demote", "touch", "note_repaired", "apply", "note_session"}
)


class Node:
    """One process in office."""

    def __init__(self, stage: Stage, store: MemoryStore, generation: Generation, policy: rejoining.Policy) -> None:
        """Take office after the pool was down."""
        self.stage, self.pool, self.partner = stage, store.pool, PARTNER[store.pool]
        self.dead = self._parted = False
        self.generation, self._durable = generation, store
        self.store = cast("Store", _Reached(self, store))
        self._witness = Witness(self.store)
        self.rejoin = stage.cast.rejoining(self.pool, int(generation), policy, Instant(stage.now))
        self._standing: tuple[Term, str] | None = None
        self._exports: dict[ModuleName, ExportPump] = {}
        self._repairs: dict[ModuleName, repairing.Repairing] = {}
        self._load()

    def _load(self) -> None:
        """Build the machines from what is stored."""
        documents = [document for _, document in self._durable.operations()]
        kept = [read_engagement(each) for each in documents if kind_of(each) == "engagement"]
        self.quiesce = self.stage.cast.quiescing(self.pool, kept)
        under_way = [read_operation(each) for each in documents if kind_of(each) == "operation"]
        self.coordinates = [self.stage.cast.coordinating(each) for each in under_way if not each.has_ended]
        self._imports: dict[ModuleName, ImportPump] = {}

    # ── the world ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def status(self) -> HomeStatus:
        """What is durably known of the home."""
        return next(each for each in self._durable.homes() if each.home == HOME)

    def turn(self) -> None:
        """Do a little of everything."""
        try:
            self._act()
        except (Crashed, Overtaken) as error:
            self.stage.note("%s ends: %r", self.pool, error)
            self.dead = True
        except (StoreUnavailable, TermTaken, HomeNotReadOnly, HomeNotServed) as error:
            self.stage.note("%s begins anew: %r", self.pool, error)
            self._load()

    def may_write(self) -> bool:
        """Whether clients are served."""
        return not self.dead and self.rejoin.may_serve(self.status)

    def start(self, operation: Operation, *, supersedes: str = "") -> None:
        """Take up an operator's wish."""
        try:
            for machine in list(self.coordinates) if supersedes else []:
                self._coordinate(machine, coordinating.Superseded(supersedes))
            self.store.save_operation(operation.id, operation_document(operation), generation=self.generation)
            self.coordinates.append(self.stage.cast.coordinating(operation))
        except (Crashed, Overtaken):
            self.dead = True
        except StoreUnavailable:
            self._load()

    def abort(self) -> None:
        """Hear an operator at the coordinator."""
        try:
            for machine in list(self.coordinates):
                self._coordinate(machine, coordinating.AbortAsked("an operator wants it"))
        except (Crashed, Overtaken):
            self.dead = True
        except StoreUnavailable:
            self._load()

    def reach(self, name: str, *given: object, **named: object) -> object:
        """Call the store; the process may die before or after, or not hear what became of it."""
        dice = self.stage.dice
        if self.dead or dice.strikes_now("crash", 0.004 if name in CHANGING else 0.0005):
            raise Crashed(f"before {name}")
        if dice.strikes_now("store unavailable", 0.003):
            raise StoreUnavailable(f"before {name}")
        result = getattr(self._durable, name)(*given, **named)
        if name in CHANGING:
            self.stage.note("%s: %s %s %s", self.pool, name, given[1:] if name != "save_operation" else given, named)
            self.stage.checker.done(self._durable, name)
            if dice.strikes_now("crash", 0.008):
                raise Crashed(f"after {name}")
            if dice.strikes_now("store unavailable", 0.003):
                raise StoreUnavailable(f"after {name}")
        return result

    # ── its turn ────────────────────────────────────────────────────────────────────────────────────────────

    def _act(self) -> None:
        stage = self.stage
        was_parted, self._parted = self._parted, stage.now < stage.post.parted_until
        self._rejoin(rejoining.LinkUp() if was_parted and not self._parted else rejoining.Tick())
        for letter in stage.post.take(self.pool, stage.now, 6):
            self._hear(letter)
        self._quiesce(quiescing.Tick())
        if self.rejoin.may_resume():
            for machine in list(self.coordinates):
                self._coordinate(machine, coordinating.Tick())
            self._pump()
        self.coordinates = [each for each in self.coordinates if not each.operation.has_ended]

    def _pump(self) -> None:
        status = self.status
        if self._standing != (status.term, status.serving_pool):
            self._staff(status)
        for module, repair in self._repairs.items():
            self._repair(module, repair, repairing.Tick())
        for pump in self._exports.values():
            pump.turn(self.stage.now)
            if pump.stepped_down:
                self._rejoin(rejoining.HigherTermHeard(pump.stepped_down))

    def _staff(self, status: HomeStatus) -> None:
        """Build exports, imports and repairs anew for a term."""
        self._exports, self._imports, self._repairs = {}, {}, {}
        for stream in STREAMS:
            send = functools.partial(self._send, stream.module)
            if status.serving_pool == self.pool:
                route = Route(stream, self.partner)
                self._exports[stream.module] = ExportPump(route, status.term, self.store, self.generation, send)
            else:
                self._repairs[stream.module] = self.stage.cast.repairing(status.term, self.generation << 20)
        self._standing = (status.term, status.serving_pool)

    def _import(self, stream: Stream) -> ImportPump | None:
        """Return the importer of a stream, which opens once all is repaired."""
        module, status = stream.module, self.status
        settled = self._standing == (status.term, status.serving_pool) and self.rejoin.may_resume()
        if not settled or module not in self._repairs or not self._repairs[module].done:
            return None
        if module not in self._imports:
            send = functools.partial(self._send, module)
            self._imports[module] = ImportPump(stream, status.term, self.store, self.generation, send)
        return self._imports[module]

    def _send(self, module: ModuleName, message: StreamMessage | FailoverMessage) -> None:
        if self.stage.dice.strikes_now("crash", 0.002):
            raise Crashed("before it spoke")
        if module == FAILOVER:
            self.stage.note("%s says %s", self.pool, message)
        self.stage.post.send(self.partner, module, message, self.stage.now)

    # ── hearing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, letter: Letter) -> None:
        message, stream = letter.message, Stream(HOME, letter.module)
        match message:
            case Quiesce() | HandOver() | Abort():
                self._quiesce(quiescing.Heard(message, self.partner))
            case Quiesced() | HandedOver() | Aborted() | Objected():
                self._coordinate_all(coordinating.Heard(message))
            case StandingWanted():
                self._rejoin(rejoining.Heard(message))
            case Standing():
                self._rejoin(rejoining.Heard(message))
                self._coordinate_all(coordinating.Heard(message))
            case RepairWanted():
                self._repair_for(stream, message)
            case Repaired():
                if repair := self._repairs.get(stream.module):
                    self._repair(stream.module, repair, repairing.Heard(message))
            case Open() | Batch() | Piece():
                self._feed(stream, message)
            case Opened() | Acknowledgement() | Reopen() | Refused():
                if self._standing == (self.status.term, self.pool) and stream.module in self._exports:
                    self._exports[stream.module].hear(message, self.stage.now)

    def _feed(self, stream: Stream, message: Open | Batch | Piece) -> None:
        if message.session.term > self.status.term:
            self._rejoin(rejoining.HigherTermHeard(message.session.term))
        elif pump := self._import(stream):
            pump.hear(message)
        elif isinstance(message, Open) and message.session.term < self.status.term:
            self._tell_standing(0)  # Who serves has no importer that could refuse it.

    def _repair_for(self, stream: Stream, message: RepairWanted) -> None:
        if not repairing.may_touch(message, self.status, self.pool):
            return
        try:
            untouched = self._witness.untouched(stream, message.keys, message.term)
            position = self.store.touch(stream, message.keys)
        except HomeReadOnly:
            return
        self._send(stream.module, repairing.repaired(message, position, untouched))

    # ── performing ──────────────────────────────────────────────────────────────────────────────────────────

    def _now(self) -> Instant:
        return Instant(self.stage.now)

    def _rejoin(self, event: rejoining.RejoiningEvent) -> None:
        for action in self.rejoin.handle(event, self.status, self._now()):
            match action:
                case rejoining.Ask(message):
                    self._send(FAILOVER, message)
                case rejoining.TellStanding(ask):
                    self._tell_standing(ask)
                case rejoining.Demote(term, serving_pool, beginnings):
                    self._standing, self._exports, self._imports, self._repairs = None, {}, {}, {}
                    self.store.demote(
                        HOME, beginnings, serving_pool=serving_pool, term=term, generation=self.generation
                    )
                case rejoining.Inherit(term, beginnings):
                    self._inherit(term, beginnings)

    def _tell_standing(self, ask: int) -> None:
        status = self.status
        self._send(
            FAILOVER,
            Standing(
                ask=ask,
                term=status.term,
                serving_pool=status.serving_pool,
                mode=status.mode,
                history=tuple(self.store.history(HOME)),
            ),
        )

    def _inherit(self, term: Term, beginnings: tuple[TermBeginning, ...]) -> None:
        stands = dict(self._cursors())
        if all(stands.get(each.module) == each.position for each in beginnings):
            self.stage.note("%s inherits term %s", self.pool, term)
            self.store.take_over(HOME, MODULES, term=term, generation=self.generation)

    def _cursors(self) -> tuple[tuple[ModuleName, Any], ...]:
        cursors = {stream.module: self.store.import_progress(stream).cursor for stream in STREAMS}
        return heads_of({module: cursor.position if cursor else ORIGIN for module, cursor in cursors.items()})

    def _quiesce(self, event: quiescing.QuiescingEvent) -> None:
        events, store, fence = deque([event]), self.store, self.generation
        while events:
            for action in self.quiesce.handle(events.popleft(), self.status, self._now()):
                match action:
                    case quiescing.Keep(kept):
                        store.save_operation(f"at-source/{kept.operation}", engagement_document(kept), generation=fence)
                    case quiescing.SetMode(mode):
                        store.set_mode(HOME, mode, generation=fence)
                    case quiescing.ReadHeads(request):
                        heads = heads_of({stream.module: store.head(stream) for stream in STREAMS})
                        events.append(quiescing.HeadsRead(request, heads))
                    case quiescing.GiveUp(operation, term, to):
                        begun = store.give_up(HOME, MODULES, term=term, to=to, generation=fence)
                        events.append(quiescing.GaveUp(operation, tuple(begun)))
                    case quiescing.ReadBeginnings(operation, term):
                        events.append(quiescing.GaveUp(operation, self._begun(term)))
                    case quiescing.Tell(message):
                        self._send(FAILOVER, message)

    def _begun(self, term: Term) -> tuple[TermBeginning, ...]:
        return tuple(each for each in self.store.history(HOME) if each.term == term)

    def _coordinate_all(self, event: coordinating.CoordinatingEvent) -> None:
        for machine in list(self.coordinates):
            self._coordinate(machine, event)

    def _coordinate(self, machine: coordinating.Coordinating, event: coordinating.CoordinatingEvent) -> None:
        events, store = deque([event]), self.store
        while events:
            for action in machine.handle(events.popleft(), self.status, self._now()):
                match action:
                    case coordinating.Save(operation):
                        store.save_operation(operation.id, operation_document(operation), generation=self.generation)
                    case coordinating.Tell(message):
                        self._send(FAILOVER, message)
                    case coordinating.ReadCursors():
                        events.append(coordinating.CursorsRead(self._cursors()))
                    case coordinating.Verify():
                        events.append(coordinating.Verified(passed=self.stage.checker.are_equal()))
                    case coordinating.ApplyQueues():
                        events.append(coordinating.QueuesApplied())
                    case coordinating.TakeOver(operation):
                        events.append(coordinating.TookOver(self._take_over(operation)))

    def _take_over(self, operation: Operation) -> tuple[TermBeginning, ...]:
        status = self.status
        if (status.term, status.serving_pool) == (operation.term, self.pool):
            return self._begun(operation.term)
        return tuple(self.store.take_over(HOME, MODULES, term=operation.term, generation=self.generation))

    def _repair(self, module: ModuleName, machine: repairing.Repairing, event: repairing.RepairingEvent) -> None:
        events, stream = deque([event]), Stream(HOME, module)
        while events:
            for action in machine.handle(events.popleft(), self._now()):
                match action:
                    case repairing.ReadRepairs(limit):
                        events.append(repairing.RepairsRead(self.store.repairs(stream, limit=limit)))
                    case repairing.Ask(message):
                        self._send(module, message)
                    case repairing.NoteRepaired(keys, untouched):
                        self.store.note_repaired(stream, keys, untouched=untouched, generation=self.generation)


class _Reached:
    """A store as a node reaches it."""

    def __init__(self, node: Node, store: MemoryStore) -> None:
        self._node, self.pool = node, store.pool

    def __getattr__(self, name: str) -> object:
        return functools.partial(self._node.reach, name)
