"""The pair as a whole: two stores, the broker between them, whoever is in office, and the time.

A world goes on step by step until its schedule calms it down; then no fault happens any more, and the pair has to
converge in bounded virtual time.
"""

from __future__ import annotations

from datetime import timedelta

from twinpool.errors import LeaseLost
from twinpool.simulation.actors import CONTENT, LIMITS, ROUTE, Actor, ExportingActor, ImportingActor
from twinpool.simulation.cast import Cast
from twinpool.simulation.checking import Checker, demand
from twinpool.simulation.dice import Dice
from twinpool.simulation.model_store import PoolStore
from twinpool.simulation.network import Connection, Queue
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.names import FrontEndName, Generation, Position
from twinpool.wire import encode_changes

OWNERS = ("ann", "bob", CONTENT)
KEYS = ("a", "b", "c")
WRITE_RATES = (0.0, 0.05, 0.2, 0.3, 0.5)  #: of a step
PATIENCE = 120.0  #: virtual seconds in which a calm pair has to converge
STAYING = 3 * LIMITS.ack_timeout  #: virtual seconds for which it has to stay so
SLEEP = LIMITS.ack_timeout / 4  #: virtual seconds that a nap takes at most


class World:
    """One pair. It is the stage that its actors play on."""

    def __init__(self, seed: int, cast: Cast, *, spared: frozenset[int] = frozenset(), traced: bool = False) -> None:
        """Build two empty pools; nobody is in office yet."""
        self.cast, self.dice = cast, Dice(seed, spared)
        self.now = 1000.0
        self.trace: list[str] = []
        self._traced = traced
        self._source, self._target = cast.new_store(self._time), cast.new_store(self._time)
        self._to_source, self._to_target = Queue(), Queue()
        self.checker = Checker(ROUTE, self._source, self._target, cast.classify, LIMITS.ack_timeout)
        self.exporters: list[ExportingActor] = []  #: the last one is in office
        self.importers: list[ImportingActor] = []  #: likewise
        self._source_was_lost = self._target_was_lost = False  # never both: late letters of two lost stores agree
        self._written = self._asleep = 0
        self._write_rate = self.dice.one_of(WRITE_RATES)

    # ── what actors need ────────────────────────────────────────────────────────────────────────────────────

    def nap(self, actor: Actor) -> None:
        """Let the world go on while an actor sleeps; in most cases somebody else takes over."""
        if self._asleep >= 2:
            return
        self._asleep += 1
        actor.napping = True
        wakes_at = self.now + SLEEP
        if self.dice.chance(0.7):
            self._take_over(actor)
        for _ in range(self.dice.number(1, 30)):
            if self.now < wakes_at:
                self.step()
        actor.napping = False
        self._asleep -= 1

    def note(self, line: str, *given: object) -> None:
        """Add a line to the trace."""
        if self._traced:
            self.trace.append(f"{self.now - 1000:8.2f}  {'    ' * self._asleep}{line % given}")

    # ── going on ────────────────────────────────────────────────────────────────────────────────────────────

    def step(self) -> None:
        """Let a little happen."""
        self.now += self.dice.span(0.0, 0.1 if self._asleep else 0.3)
        if not self._asleep and self.dice.strikes_now("stall", 0.01):
            self.now += self.dice.span(1.0, 10.0)
        if self.dice.chance(self._write_rate):
            self._write()
        self._make_trouble()
        self._staff()
        self._deliver()
        self._act()
        self.checker.check()

    def calm_down(self) -> None:
        """End all faults: late letters arrive, sleepers and former holders are gone."""
        self.note("── from here on, nothing goes wrong any more ──")
        self.dice.calm = True
        for actor in [*self.exporters[:-1], *self.importers[:-1]]:
            actor.end("gone for good")
        for queue in (self._to_source, self._to_target):
            queue.calm_down(self.now)

    def converge(self) -> None:
        """Wait until both pools hold the same and say so, and stay so. Raises `Violation`."""
        since, deadline = self.now, self.now + PATIENCE
        stays_since: float | None = None
        while stays_since is None or self.now < stays_since + STAYING:
            self._calm_step(0.25 if stays_since is None else 0.5)
            if not self.checker.has_converged(since):
                stays_since = None
                demand(self.now < deadline, f"no convergence in {PATIENCE:.0f} s; the state is {self.checker.state()}")
            elif stays_since is None:
                stays_since = self.now

    def _calm_step(self, seconds: float) -> None:
        self.now += seconds
        self._staff()
        for _ in range(3):
            self._deliver()
            self._act()
        self.checker.check()

    def _time(self) -> float:
        return self.now

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────

    def _write(self) -> None:
        if self.dice.chance(0.1):
            self._source.burn_position()
        changes = tuple(self._change() for _ in range(self.dice.number(1, 3)))
        transaction = Transaction(stream=ROUTE.stream, changes=changes, payload=encode_changes(changes))
        for outcome in self._source.write([transaction]):
            demand(isinstance(outcome, Committed), f"a write was refused: {outcome}")
            if isinstance(outcome, Committed):
                self.note("client writes %s: %s", outcome.position, changes)
                self.checker.wrote(outcome.position)

    def _change(self) -> Change:
        self._written += 1
        value = None if self.dice.chance(0.25) else str(self._written).encode()
        return Change(self.dice.one_of(OWNERS), self.dice.one_of(KEYS), value)

    def _make_trouble(self) -> None:
        strikes = self.dice.strikes_now
        for side in (self.exporters, self.importers):
            for actor in side[-1:]:
                if strikes("cut", 0.02):
                    actor.cut("the network is cut")
                if strikes("crash between", 0.01):
                    actor.end("killed")
                elif strikes("take-over", 0.01):
                    self._take_over(actor)
        if strikes("forced pruning", 0.01):
            self._prune(self._source.head(ROUTE.stream))
        elif self.dice.chance(0.1):
            self._prune(self._source.export_ledger(ROUTE).acknowledged)
        if not self._source_was_lost and strikes("store loss", 0.004):
            self._lose_target()
        if not (self._source_was_lost or self._target_was_lost) and strikes("source store loss", 0.004):
            self._lose_source()
        if self.exporters and strikes("sync", 0.01):
            self.exporters[-1].sync(full=self.dice.chance(0.7))

    def _prune(self, up_to: Position) -> None:
        if self.exporters and not self.exporters[-1].dead:
            try:
                gone = self._source.prune(ROUTE.stream, up_to=up_to, generation=self.exporters[-1].generation)
            except LeaseLost:
                return  # It has just made way for a higher generation.
            self.note("log pruned up to %s, %s gone", up_to, gone)

    def _lose_source(self) -> None:
        """Replace the exporter's store by an empty one; the operator wants everything sent anew, and is heeded.

        The letters to it are lost, too: sessions are numbered anew, and an old answer would be taken for a new one's.
        """
        self.note("the exporter's store is lost")
        self._source_was_lost = True
        self._source = self.cast.new_store(self._time)
        self.checker.lost_source(self._source)
        for actor in self.exporters:
            actor.end("its store is lost")
        self._to_source.letters.clear()

    def _lose_target(self) -> None:
        self.note("the importer's store is lost")
        self._target_was_lost = True
        self._target = self.cast.new_store(self._time)
        self.checker.lost_target(self._target)
        for actor in self.importers:
            actor.end("its store is lost")

    def _take_over(self, former: Actor) -> None:
        """Put somebody else into office; the former holder does not know it yet."""
        self.note("somebody takes over from %s", former.name)
        if isinstance(former, ExportingActor):
            self._new_exporter()
        else:
            self._new_importer()

    def _staff(self) -> None:
        """Fill offices, restore links, and let the broker notice that former holders are gone."""
        patience = 1.0 if self.dice.calm else 0.3
        if (not self.exporters or self.exporters[-1].dead) and self.dice.chance(patience):
            self._new_exporter()
        if (not self.importers or self.importers[-1].dead) and self.dice.chance(patience):
            self._new_importer()
        for actor in (*self.exporters[-1:], *self.importers[-1:]):
            if not actor.dead and not actor.link.up and self.dice.chance(patience):
                actor.reconnect()
        for actor in (*self.exporters[:-1], *self.importers[:-1]):
            if self.dice.chance(0.1):
                actor.cut("no heartbeat")
        self.exporters[:-1] = [actor for actor in self.exporters[:-1] if not actor.dead or actor.napping]
        self.importers[:-1] = [actor for actor in self.importers[:-1] if not actor.dead or actor.napping]

    def _new_exporter(self) -> None:
        link = Connection(publishes_to=self._to_target, consumes=self._to_source)
        generation = self._office(self._source)
        self.note("exporter %s takes office", generation)
        exporter = ExportingActor(self, f"exporter {generation}", self._source, generation, link)
        if self.checker.is_cut:
            exporter.sync(full=True)
        self.exporters.append(exporter)

    def _new_importer(self) -> None:
        link = Connection(publishes_to=self._to_source, consumes=self._to_target)
        generation = self._office(self._target)
        self.note("importer %s takes office", generation)
        self.importers.append(ImportingActor(self, f"importer {generation}", self._target, generation, link))

    def _office(self, store: PoolStore) -> Generation:
        generation = store.acquire_lease(FrontEndName("fe"), timedelta(0)).generation
        self.checker.generations[id(store)] = generation
        return generation

    def _deliver(self) -> None:
        for queue in (self._to_target, self._to_source):
            for _ in range(self.dice.number(0, 4)):
                if queue.deliver(self.now, self.dice) is None:
                    break

    def _act(self) -> None:
        for side in (self.exporters, self.importers):
            for actor in list(side):
                late = actor is not side[-1]
                if not (actor.dead or actor.napping) and not (late and self.dice.chance(0.8)):
                    actor.turn()
