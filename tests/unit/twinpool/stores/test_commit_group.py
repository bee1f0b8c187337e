from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread

import pytest

from twinpool.errors import HomeReadOnly, StoreUnavailable, TwinpoolError
from twinpool.stores.commit_group import CommitGroup
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Committed, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Stream, Term

POOL = PoolFqdn("pool1.lab")
STREAM = Stream(Home(POOL), ModuleName("m"))
LOCKED = Stream(Home("locked.lab"), ModuleName("m"))


class SlowStore(MemoryStore):
    """A store whose writes wait until they are let through, and note who came together."""

    def __init__(self) -> None:
        super().__init__(POOL)
        self.let_through, self.entered = Event(), Event()
        self.groups: list[list[str]] = []
        self.failure: BaseException | None = None
        for stream, mode in ((STREAM, Mode.READ_WRITE), (LOCKED, Mode.READ_ONLY)):
            self.declare_home(HomeStatus(home=stream.home, term=Term(1), serving_pool=POOL, mode=mode))

    def write(self, transactions: Sequence[Transaction]) -> list[Committed | TwinpoolError]:
        self.groups.append([transaction.changes[0].owner for transaction in transactions])
        self.entered.set()
        assert self.let_through.wait(30)
        if self.failure is not None:
            raise self.failure
        return super().write(transactions)


class Caller(Thread):
    """Commits one transaction and keeps what came of it."""

    def __init__(self, group: CommitGroup, owner: str, stream: Stream = STREAM) -> None:
        super().__init__()
        self._group = group
        self._transaction = Transaction(stream=stream, changes=(Change(owner, "k", b"v"),), payload=b"-")
        self.outcome: Committed | BaseException | None = None

    def run(self) -> None:
        try:
            self.outcome = self._group.commit(self._transaction)
        except TwinpoolError as error:
            self.outcome = error


def waiting(group: CommitGroup, number: int) -> None:
    """Wait until so many callers stand in line."""
    pause = Event()
    for _ in range(3000):
        if len(group._waiting) == number:
            return
        pause.wait(0.01)
    raise AssertionError(f"{len(group._waiting)} callers wait, not {number}")


def start(store: SlowStore, group: CommitGroup, *later: Caller) -> list[Caller]:
    """Start a first caller, and once it is in the store the others, in order."""
    first = Caller(group, "first")
    first.start()
    assert store.entered.wait(30)
    for number, caller in enumerate(later, start=1):
        caller.start()
        waiting(group, number)
    return [first, *later]


def finish(store: SlowStore, callers: list[Caller]) -> list[Committed | BaseException | None]:
    store.let_through.set()
    for caller in callers:
        caller.join(30)
    return [caller.outcome for caller in callers]


def test_a_lone_writer_waits_for_nobody() -> None:
    store = SlowStore()
    store.let_through.set()
    group = CommitGroup(store)
    caller = Caller(group, "alone")
    caller.run()
    caller.run()
    assert isinstance(caller.outcome, Committed)
    assert store.groups == [["alone"], ["alone"]]


def test_who_comes_during_a_commit_shares_the_next() -> None:
    store = SlowStore()
    group = CommitGroup(store)
    callers = start(store, group, *[Caller(group, f"o{n}") for n in range(5)])
    outcomes = finish(store, callers)
    assert store.groups == [["first"], [f"o{n}" for n in range(5)]]
    assert [outcome.position for outcome in outcomes if isinstance(outcome, Committed)] == [1, 2, 3, 4, 5, 6]


def test_a_group_is_bounded() -> None:
    store = SlowStore()
    group = CommitGroup(store, most_together=2)
    finish(store, start(store, group, *[Caller(group, f"o{n}") for n in range(5)]))
    assert store.groups == [["first"], ["o0", "o1"], ["o2", "o3"], ["o4"]]


def test_a_refusal_reaches_its_own_caller_alone() -> None:
    store = SlowStore()
    group = CommitGroup(store)
    callers = start(store, group, Caller(group, "a"), Caller(group, "b", LOCKED), Caller(group, "c"))
    outcomes = finish(store, callers)
    assert [type(outcome) for outcome in outcomes] == [Committed, Committed, HomeReadOnly, Committed]


def test_a_failure_of_the_store_reaches_every_caller_of_the_group_as_an_error_of_its_own() -> None:
    store = SlowStore()
    store.failure = StoreUnavailable("disk full")
    group = CommitGroup(store)
    outcomes = finish(store, start(store, group, Caller(group, "a"), Caller(group, "b")))
    assert [str(outcome) for outcome in outcomes] == ["disk full"] * 3
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == 3


def test_after_a_failure_the_next_commit_goes_through() -> None:
    store = SlowStore()
    store.failure = StoreUnavailable("disk full")
    store.let_through.set()
    caller = Caller(CommitGroup(store), "a")
    caller.run()
    store.failure = None
    caller.run()
    assert isinstance(caller.outcome, Committed)


def test_a_refusal_keeps_its_data() -> None:
    store = SlowStore()
    store.let_through.set()
    transaction = Transaction(stream=LOCKED, changes=(Change("o", "k", b"v"),), payload=b"-")
    with pytest.raises(HomeReadOnly) as refused:
        CommitGroup(store).commit(transaction)
    assert refused.value.home == LOCKED.home
    assert str(refused.value) == "locked.lab is read-only"
