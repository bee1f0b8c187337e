"""Whoever takes part in a failover is killed at each of its steps: it is carried through, or comes to nothing.

A client writes all the while, to whoever serves. At the end: nothing that it was told is lost, and no two pools were
in the same term.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.labs import CONTACTS, MODULES, P1, P2, RunningLab, running_lab
from tests.roaming import RoamingClient
from twinpool.failover.operation import Kind, Operation, Options, Step
from twinpool.vocabulary.home import Mode
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool_services.backup import FailoverWish, find_failover, plan_failover, request_failover
from twinpool_services.lab import ProcessState

pytestmark = pytest.mark.rabbitmq

HOME = Home(P1)
DYING = Path(__file__).parent / "dying"
WHEN = ("before", "after")

TARGET_POINTS = ("quiesced", "drained", "verified", "handing-over", "handed-over", "serving", "done")
AT_TARGET = (*(f"save_operation {step}" for step in TARGET_POINTS), "take_over")
AT_SOURCE = ("save_operation engaged", "set_mode read-only", "give_up", "save_operation handed-over")
AT_TARGET_ABORTING = ("save_operation aborting", "save_operation aborted")
AT_SOURCE_ABORTING = ("save_operation releasing", "set_mode read-write", "save_operation aborted")
IN_DISASTER = ("save_operation drained", "take_over", "save_operation serving", "save_operation done")
IN_RETURN = ("demote", "note_repaired")


@dataclass
class Crashing:
    """A lab whose front ends can be made to die, and a client that writes to whoever serves."""

    lab: RunningLab
    armed: Path
    client: RoamingClient
    writing: ExitStack  #: ends the client's writing when it is closed

    def serving(self) -> PoolFqdn:
        """Wait until both pools agree who serves the home, and name it."""

        def agreed() -> PoolFqdn | None:
            known = {self._standing(pool) for pool in (P1, P2)}
            return known.pop()[1] if len(known) == 1 else None

        return self.lab.eventually(agreed, "both pools know the same about the home")

    def ask(self, target: PoolFqdn, kind: Kind = Kind.PLANNED, options: Options | None = None) -> Operation:
        deployment = self.lab.lab.deployment
        with self.lab.store(target) as store:
            token = plan_failover(store, deployment, MODULES, HOME).token if kind is Kind.DISASTER else None
            options = options or Options(wait_time=60.0)
            wish = FailoverWish(home=HOME, kind=kind, options=options, plan_token=token)
            return request_failover(store, deployment, MODULES, wish)

    def arm(self, pool: str, point: str) -> None:
        (self.armed / f"{pool}.hit").unlink(missing_ok=True)
        ready = self.armed / f"{pool}.new"
        ready.write_text(point)
        ready.rename(self.armed / pool)

    def await_death(self, pool: str) -> None:
        """Wait until a front end of a pool has died, and start it again."""
        self.lab.eventually((self.armed / f"{pool}.hit").exists, "somebody comes to the point")
        dead = self.lab.eventually(lambda: self._dead(pool), "a front end has died")
        for name in dead:
            self.lab.lab.process(name).start()

    def over(self, operation: Operation) -> Operation:
        """Wait until an operation has ended."""
        with self.lab.store(operation.target) as store:
            self.lab.eventually(lambda: find_failover(store, operation.id).has_ended, f"{operation.id} has ended")
            return find_failover(store, operation.id)

    def await_writes(self) -> None:
        """Wait until the client gets on."""
        before = len(self.client.told)
        self.lab.eventually(lambda: len(self.client.told) > before + 5, "the client's writes are taken")

    def all_ready(self) -> None:
        self.lab.start(*self.lab.names(P1), *self.lab.names(P2))

    def _dead(self, pool: str) -> list[str]:
        return [name for name in self.lab.names(pool) if self.lab.lab.state(name) is ProcessState.STOPPED]

    def _standing(self, pool: str) -> tuple[int, PoolFqdn]:
        with self.lab.store(pool) as store:
            return next((each.term, each.serving_pool) for each in store.homes() if each.home == HOME)


@pytest.fixture(scope="module")
def crashing(
    request: pytest.FixtureRequest, events_are_logged_as_json: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crashing]:
    armed = tmp_path_factory.mktemp("armed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setitem(os.environ, "PYTHONPATH", str(DYING))
        environment.setitem(os.environ, "DYING_FRONT_ENDS", str(armed))
        with running_lab(request, lease_duration="00:00:01") as lab:
            pools = lab.lab.deployment.pools
            addresses = [(pool.fqdn, front_end.address) for pool in pools for front_end in pool.front_ends]
            client = RoamingClient(HOME, addresses, "w")
            with ExitStack() as writing:
                writing.enter_context(client.writing())
                yield Crashing(lab, armed, client, writing)


def other(pool: str) -> PoolFqdn:
    return P2 if pool == P1 else P1


def points(at: tuple[str, ...]) -> list[str]:
    return [f"{when} {what}" for what in at for when in WHEN]


@pytest.mark.parametrize(
    ("at_target", "point"),
    [*((True, point) for point in points(AT_TARGET)), *((False, point) for point in points(AT_SOURCE))],
)
def test_a_planned_failover_is_carried_through(crashing: Crashing, at_target: bool, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    crashing.await_writes()
    dying = target if at_target else source
    crashing.arm(dying, point)
    asked = crashing.ask(target)
    crashing.await_death(dying)
    done = crashing.over(asked)
    assert (done.step, done.failure) == (Step.DONE, None)
    assert crashing.serving() == target
    crashing.await_writes()


@pytest.mark.parametrize(
    ("at_target", "point"),
    [
        *((True, point) for point in points(AT_TARGET_ABORTING)),
        *((False, point) for point in points(AT_SOURCE_ABORTING)),
    ],
)
def test_one_that_comes_to_nothing_leaves_the_source_writing(crashing: Crashing, at_target: bool, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    dying = target if at_target else source
    crashing.arm(dying, point)
    asked = crashing.ask(target, options=Options(wait_time=60.0, prepare_only=True))
    crashing.await_death(dying)
    assert crashing.over(asked).step is Step.ABORTED
    assert crashing.serving() == source
    crashing.await_writes()
    with crashing.lab.store(source) as store:
        assert next(each for each in store.homes() if each.home == HOME).mode is Mode.READ_WRITE


@pytest.mark.parametrize("point", points(IN_DISASTER))
def test_a_disaster_failover_is_carried_through(crashing: Crashing, point: str) -> None:
    source = crashing.serving()
    target = other(source)
    for name in crashing.lab.names(source):
        crashing.lab.lab.kill(name)
    crashing.arm(target, point)
    asked = crashing.ask(target, Kind.DISASTER, Options(wait_time=10.0))
    crashing.await_death(target)
    assert crashing.over(asked).step is Step.DONE
    crashing.await_writes()
    crashing.all_ready()
    assert crashing.serving() == target


def test_nothing_that_was_answered_is_lost(crashing: Crashing) -> None:
    """After everything above: each answered write is in both pools, or among the orphans of one."""
    crashing.all_ready()
    crashing.await_writes()
    crashing.writing.close()
    told = crashing.client.told
    crashing.lab.await_final(crashing.serving())
    kept: dict[str, set[str]] = {}
    orphaned: set[str] = set()
    for pool in (P1, P2):
        with crashing.lab.store(pool) as store:
            kept[pool] = {key for _, key, _ in store.scan(CONTACTS, after=None, limit=1_000_000)}
            orphaned |= {each.change.key for each in store.orphans(home=HOME, limit=1_000_000)}
    missing = [each for each in told if not all(each.key in kept[pool] for pool in (P1, P2))]
    assert [each for each in missing if each.key not in orphaned] == []
    servers: dict[int, set[str]] = {}
    for each in told:
        servers.setdefault(each.term, set()).add(each.pool)
    assert all(len(pools) == 1 for pools in servers.values()), servers
    places = [(each.term, each.position) for each in told]
    assert len(set(places)) == len(places)
    assert crashing.client.surprises == []
    assert {421, 503} <= set(crashing.client.refused)
