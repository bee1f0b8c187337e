"""The pair, its operators and its clients, and what happens to them; and the playing of a schedule."""

from __future__ import annotations

from datetime import timedelta

from twinpool.failover.operation import Kind, Operation, OperationId, Options, Step
from twinpool.failover.rejoining import Policy
from twinpool.simulation.checking import Violation, demand
from twinpool.simulation.dice import Dice
from twinpool.simulation.failover.checking import Checker, status_of
from twinpool.simulation.failover.node import Node
from twinpool.simulation.failover.parts import HOME, MODULES, P1, P2, STREAMS, Cast
from twinpool.simulation.failover.post import Post
from twinpool.simulation.schedule import Outcome
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode, OnPartnerSilent
from twinpool.vocabulary.names import FrontEndName, Instant, PoolFqdn, Position, Route, Term
from twinpool.wire import encode_changes

STEPS = 250
PATIENCE = 300.0  #: virtual seconds in which a calm pair has to agree
KEYS = ("a", "b", "c", "d")


class World:
    """One pair."""

    def __init__(self, seed: int, cast: Cast, *, spared: frozenset[int] = frozenset(), traced: bool = False) -> None:
        """Build two pools of one home, which the first serves."""
        self.cast, self.dice = cast, Dice(seed, spared)
        self.now, self.trace, self._traced = 1000.0, list[str](), traced
        self.post = Post(self.dice)
        self.stores = {pool: cast.store(pool, clock=lambda: self.now) for pool in (P1, P2)}
        for store in self.stores.values():
            store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=P1, mode=Mode.READ_WRITE))
        self.checker = Checker(self.stores)
        self.nodes: dict[PoolFqdn, Node] = {}
        self._down_until: dict[PoolFqdn, float] = {}
        silent = self.dice.one_of((OnPartnerSilent.SERVE, OnPartnerSilent.READ_ONLY))
        self._policy = Policy(timeout=self.dice.one_of((2.0, 8.0)), on_silent=silent)
        self._rate = self.dice.one_of((0.1, 0.4, 0.8))
        self._disasters = self.dice.one_of((0.0, 0.0, 0.01, 0.03))
        self._operations = self._written = 0
        for pool in self.stores:
            self._boot(pool)

    def note(self, line: str, *given: object) -> None:
        """Add a line to the trace."""
        if self._traced:
            self.trace.append(f"{self.now - 1000:8.2f}  {line % given}")

    # ── going on ────────────────────────────────────────────────────────────────────────────────────────────

    def step(self) -> None:
        """Let a little happen."""
        self.now += self.dice.span(0.0, 0.6)
        if self.dice.strikes_now("stall", 0.01):
            self.now += self.dice.span(5.0, 30.0)
        self._make_trouble()
        self._operate()
        self._go_on()

    def _go_on(self) -> None:
        for pool in self.dice.shuffled((P1, P2)):
            if self.dice.chance(self._rate):
                self._write(pool)
            node = self.nodes[pool]
            if node.dead and self.now >= self._down_until.setdefault(pool, self.now + self.dice.span(0.0, 15.0)):
                self._boot(pool)
            if not node.dead:
                node.turn()
            self.checker.check()

    def converge(self) -> None:
        """End all faults, and wait until both agree, nothing is under way, and everything is at both."""
        self.note("── from here on, nothing goes wrong any more ──")
        self.dice.calm = True
        self.post.calm_down(self.now)
        self._down_until = {pool: self.now for pool, node in self.nodes.items() if node.dead}
        self._rate, deadline = 0.0, self.now + PATIENCE
        while not self._is_at_rest():
            self.now += 0.3
            self._go_on()
            demand(self.now < deadline, f"no agreement in {PATIENCE:.0f} s: {self._tell()}")
        self._demand_one_server()
        self.checker.check_end()

    def _is_at_rest(self) -> bool:
        open_ones = [node for node in self.nodes.values() if node.dead or node.coordinates or node.quiesce.engaged]
        served = status_of(self.stores[P1])
        serves = self.nodes[served.serving_pool].may_write() and served.mode is Mode.READ_WRITE
        return not open_ones and serves and self.checker.agree() and self.checker.is_final()

    def _tell(self) -> str:
        standing = [(status_of(store), self.nodes[pool].rejoin.doubt) for pool, store in self.stores.items()]
        operations = [machine.operation for node in self.nodes.values() for machine in node.coordinates]
        return f"{standing} {operations} final={self.checker.is_final()}"

    def _demand_one_server(self) -> None:
        before = len(self.checker.logged)
        for pool in (P1, P2):
            self._write(pool)
        demand(len(self.checker.logged) == before + 1, "not exactly one pool takes writes")
        for _ in range(200):
            if self._is_at_rest():
                return
            self.now += 0.3
            self._go_on()
        demand(self._is_at_rest(), "the last write never arrived")

    # ── what happens ────────────────────────────────────────────────────────────────────────────────────────

    def _boot(self, pool: PoolFqdn) -> None:
        generation = self.stores[pool].acquire_lease(FrontEndName("fe"), timedelta(0)).generation
        self.note("%s starts (%s)", pool, generation)
        self._down_until.pop(pool, None)
        self.nodes[pool] = Node(self, self.stores[pool], generation, self._policy)

    def _write(self, pool: PoolFqdn) -> None:
        if not self.nodes[pool].may_write():
            return
        self._written += 1
        stream = self.dice.one_of(STREAMS)
        value = None if self.dice.chance(0.2) else f"{pool} {self._written}".encode()
        changes = (Change("ann", self.dice.one_of(KEYS), value),)
        transaction = Transaction(stream=stream, changes=changes, payload=encode_changes(changes))
        for outcome in self.stores[pool].write([transaction]):
            if isinstance(outcome, Committed):
                self.note("%s accepts %s in term %s at %s", pool, changes, outcome.term, outcome.position)
                self.checker.wrote(pool, stream, outcome, changes)

    def _make_trouble(self) -> None:
        if self.now >= self.post.parted_until and self.dice.strikes_now("partition", 0.01):
            self.post.parted_until = self.now + self.dice.span(2.0, 60.0)
            self.note("the pools are parted for %.0f s", self.post.parted_until - self.now)
        for pool, node in self.nodes.items():
            if not node.dead and self.dice.strikes_now("kill", 0.006):
                self.note("%s is killed", pool)
                node.dead = True
            if not node.dead and self.dice.chance(0.05):
                self._prune(node)

    def _prune(self, node: Node) -> None:
        if node.status.serving_pool != node.pool:
            return
        for stream in STREAMS:
            ledger = self.stores[node.pool].export_ledger(Route(stream, node.partner))
            up_to = Position(ledger.acknowledged)
            self.stores[node.pool].prune(stream, up_to=up_to, generation=node.generation)

    def _operate(self) -> None:
        for node in self.nodes.values():
            if node.dead or node.status.serving_pool == node.pool or not node.rejoin.may_resume():
                continue
            if not node.coordinates and self.dice.chance(0.06):
                self._begin(node, Kind.PLANNED)
            elif node.coordinates and self.dice.chance(0.02):
                self.note("an operator aborts at %s", node.pool)
                node.abort()
            elif self.dice.chance(self._disasters) and all(
                each.operation.kind is Kind.PLANNED for each in node.coordinates
            ):
                self.checker.had_disaster = True
                self._begin(node, Kind.DISASTER)

    def _begin(self, node: Node, kind: Kind) -> None:
        self._operations += 1
        status = node.status
        operation = Operation(
            id=OperationId(f"operation {self._operations}"),
            kind=kind,
            home=HOME,
            source=status.serving_pool,
            target=node.pool,
            term=Term(status.term + 1),
            modules=MODULES,
            options=Options(wait_time=30.0, prepare_only=self.dice.chance(0.1)),
        ).at(Step.REQUESTED, Instant(self.now))
        self.note("an operator wants %s %s at %s", kind.value, operation.id, node.pool)
        node.start(operation, supersedes="a disaster failover" if kind is Kind.DISASTER else "")


def play(seed: int, cast: Cast, *, spared: frozenset[int] = frozenset(), traced: bool = False) -> Outcome:
    """Play a schedule. Anything but a violation that is raised in it is a bug, and passes."""
    world = World(seed, cast, spared=spared, traced=traced)
    violation = None
    try:
        for _ in range(STEPS):
            world.step()
        world.converge()
    except Violation as error:
        violation = str(error)
        world.note("VIOLATION: %s", error)
    except Exception as error:
        error.add_note(f"in the failover simulation's seed {seed}")
        raise
    return Outcome(seed=seed, violation=violation, strikes=tuple(world.dice.strikes), trace=tuple(world.trace))
