"""The gate before client writes opens on a settled word of an office holder, and shuts when nobody has looked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest

from twinpool.errors import HomeInDoubt, StoreUnavailable
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Home, PoolFqdn
from twinpool_services.backup.failover.gate import LAPSE, NOT_ASKED, ServingGate
from twinpool_services.backup.failover.papers import Papers, Standings

POOL = PoolFqdn("pool1.lab")
HOME, OTHER = Home("pool1.lab"), Home("pool2.lab")
LONG = timedelta(hours=1)


class Scene:
    """A gate over a store in memory, with a clock that the test sets, and a store that may be out of reach."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.reachable = True
        self.store = MemoryStore(POOL)
        self.gate = ServingGate(self, (HOME, OTHER), clock=lambda: self.now)
        self.lease: Lease | None = None

    def take_office(self, name: str = "fe1") -> Generation:
        """Let a front end be the active one, instead of any other."""
        if self.lease is not None:
            self.store.release_lease(self.lease)
        self.lease = self.store.acquire_lease(FrontEndName(name), LONG)
        return self.lease.generation

    def publish(self, *unsettled: Home, doubts: Mapping[Home, str] | None = None) -> None:
        """Tell what the active front end has found out, and let the gate look."""
        assert self.lease is not None
        standings = Standings(generation=self.lease.generation, doubts=doubts or {}, unsettled=unsettled)
        Papers(self.store).publish(standings)
        self.gate.look()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def is_open(self, home: Home = HOME) -> bool:
        """Whether a write is let through; what it is told must fit to that."""
        said = self.gate.doubt(home)
        if not said:
            self.gate.check(home)
            return True
        with pytest.raises(HomeInDoubt, match=re.escape(said)):
            self.gate.check(home)
        return False

    # ── what a gate reads ───────────────────────────────────────────────────────────────────────────────────

    def current_lease(self) -> Lease | None:
        return self._reached().current_lease()

    def save_operation(self, name: str, document: bytes, *, generation: Generation | None) -> None:
        self._reached().save_operation(name, document, generation=generation)

    def operation(self, name: str) -> bytes | None:
        return self._reached().operation(name)

    def operations(self) -> list[tuple[str, bytes]]:
        return self._reached().operations()

    def _reached(self) -> MemoryStore:
        if not self.reachable:
            raise StoreUnavailable("out of reach")
        return self.store


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
def opened(scene: Scene) -> Scene:
    scene.take_office()
    scene.publish()
    assert scene.is_open()
    assert scene.is_open(OTHER)
    assert scene.gate.is_settled
    return scene


def test_it_is_shut_before_anybody_has_looked(scene: Scene) -> None:
    assert not scene.is_open()
    assert scene.gate.doubt(HOME) == NOT_ASKED
    assert not scene.gate.is_settled


def test_it_stays_shut_while_nobody_is_in_office(scene: Scene) -> None:
    scene.gate.look()
    assert not scene.is_open()


def test_it_opens_when_the_active_front_end_has_settled_who_serves(scene: Scene) -> None:
    scene.take_office()
    scene.publish(HOME, OTHER)
    assert not scene.is_open()
    scene.publish()
    assert scene.is_open()


def test_homes_are_settled_one_by_one_but_the_pool_is_back_when_all_are(scene: Scene) -> None:
    scene.take_office()
    scene.publish(OTHER)
    assert scene.is_open(HOME)
    assert not scene.is_open(OTHER)
    assert not scene.gate.is_settled


def test_the_word_of_somebody_who_is_out_of_office_opens_nothing(scene: Scene) -> None:
    scene.take_office("fe1")
    Papers(scene.store).publish(Standings(generation=Generation(1), doubts={}, unsettled=()))
    scene.take_office("fe2")
    scene.gate.look()
    assert not scene.is_open()
    scene.publish()
    assert scene.is_open()


def test_it_stays_open_when_another_front_end_takes_office(opened: Scene) -> None:
    opened.take_office("fe2")
    opened.gate.look()
    assert opened.is_open()
    opened.publish(HOME, OTHER)  # It asks, but this process was there all the while.
    assert opened.is_open()


def test_it_stays_open_while_nobody_is_in_office(opened: Scene) -> None:
    assert opened.lease is not None
    opened.store.release_lease(opened.lease)
    opened.gate.look()
    assert opened.is_open()


def test_it_stays_open_as_long_as_it_looks(opened: Scene) -> None:
    for _ in range(10):
        opened.pass_time(LAPSE * 0.9)
        assert opened.is_open()
        opened.gate.look()


def test_it_shuts_after_a_lapse_and_needs_a_settled_word_of_an_office_holder_again(opened: Scene) -> None:
    opened.pass_time(LAPSE + 0.1)
    assert not opened.is_open()
    assert not opened.gate.is_settled
    opened.take_office("fe2")
    opened.gate.look()  # What is told is the word of the former one.
    assert not opened.is_open()
    opened.publish(HOME, OTHER)
    assert not opened.is_open()
    opened.publish()
    assert opened.is_open()


def test_a_lapse_counts_even_if_no_write_came_meanwhile(opened: Scene) -> None:
    opened.take_office("fe2")
    opened.pass_time(LAPSE + 0.1)
    opened.gate.look()
    assert not opened.is_open()


def test_a_store_out_of_reach_shuts_it_in_time(opened: Scene) -> None:
    opened.reachable = False
    opened.pass_time(LAPSE / 2)
    opened.gate.look()
    assert opened.is_open()
    opened.pass_time(LAPSE / 2 + 0.1)
    opened.gate.look()
    assert not opened.is_open()
    opened.reachable = True
    opened.gate.look()  # The same front end is in office, and has settled it.
    assert opened.is_open()


def test_a_doubt_shuts_its_home_alone_and_says_why(opened: Scene) -> None:
    opened.publish(doubts={HOME: "nothing was heard of the partner"})
    assert not opened.is_open(HOME)
    assert opened.gate.doubt(HOME) == "nothing was heard of the partner"
    assert opened.is_open(OTHER)
    opened.publish()
    assert opened.is_open(HOME)


def test_homes_of_others_are_none_of_its_business(opened: Scene) -> None:
    opened.publish(Home("pool9.lab"), doubts={Home("pool9.lab"): "in doubt"})
    assert opened.gate.doubt(Home("pool9.lab")) == ""
    assert opened.gate.is_settled


def test_a_document_that_cannot_be_understood_shuts_it_in_time(opened: Scene) -> None:
    opened.store.save_operation("standing", b"?", generation=None)
    opened.gate.look()
    assert opened.is_open()
    opened.pass_time(LAPSE + 0.1)
    opened.gate.look()
    assert not opened.is_open()
