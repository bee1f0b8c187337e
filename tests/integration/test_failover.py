"""Homes that move between two real workers, over a broker in memory and SQLite stores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pairs import CONTACTS, MODULES, P1, P2, RunningPair, RunningPool, eventually, memory_links, running_pair
from twinpool.brokers.memory import MemoryBroker
from twinpool.errors import HomeNotServed, HomeReadOnly
from twinpool.failover.operation import Engaged, Kind, Operation, Options, Step, Verification
from twinpool.failover.rejoining import Policy
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.names import FrontEndName, Home, PoolFqdn, Position, Term
from twinpool.wire import encode_changes
from twinpool_services.backup import (
    FailoverWish,
    find_failover,
    plan_failover,
    read_standing,
    request_abort,
    request_failover,
)
from twinpool_services.backup.failover.desk import REST

HOME = Home(P1)


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def pair(tmp_path: Path, broker: MemoryBroker) -> Iterator[RunningPair]:
    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn)

    with running_pair(tmp_path, store, memory_links(broker)) as running:
        yield running


def ask(pool: RunningPool, kind: Kind = Kind.PLANNED, options: Options | None = None) -> Operation:
    """Have a pool take over the home of the first."""
    premises = pool.premises
    token = None
    if kind is Kind.DISASTER:
        token = plan_failover(pool.store, premises.deployment, MODULES, HOME).token
    wish = FailoverWish(home=HOME, kind=kind, options=options or Options(wait_time=20.0), plan_token=token)
    return request_failover(pool.store, premises.deployment, MODULES, wish)


def over(pool: RunningPool, operation: Operation) -> Operation:
    """Wait until an operation has ended."""
    eventually(lambda: find_failover(pool.store, operation.id).has_ended, f"{operation.id} has ended")
    return find_failover(pool.store, operation.id)


def serving(pool: RunningPool) -> tuple[int, str]:
    status = next(each for each in pool.store.homes() if each.home == HOME)
    return status.term, status.serving_pool


def attempt(pool: RunningPool, key: str) -> object:
    """Try to write a record, and return what came of it."""
    changes = (Change("alice@lab", key, b"{}"),)
    (outcome,) = pool.store.write([Transaction(stream=CONTACTS, changes=changes, payload=encode_changes(changes))])
    return outcome


def test_a_planned_failover_moves_the_home_and_loses_nothing(pair: RunningPair) -> None:
    for number in range(50):
        pair.first.put(f"contact-{number}", b"before")
    done = over(pair.second, ask(pair.second))
    assert (done.step, done.failure, done.verification) == (Step.DONE, None, Verification.PASSED)
    assert serving(pair.second) == serving(pair.first) == (2, P2)
    assert pair.first.records() == pair.second.records()
    assert isinstance(attempt(pair.first, "late"), HomeNotServed)
    pair.second.put("contact-50", b"after")
    eventually(pair.in_step, "what is written at the second comes to the first")
    assert len(pair.first.records()) == 51


def test_a_wish_is_heard_by_those_who_rest(pair: RunningPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at a home at rest for an hour here, so the commit of the wish has to wake who carries it out."""
    pair.first.put("contact", b"1")
    eventually(pair.in_step, "both pools are at work")
    monkeypatch.setattr("twinpool_services.backup.failover.desk.REST", 3_600.0)
    threading.Event().wait(2 * REST)

    done = over(pair.second, ask(pair.second))

    assert (done.step, done.failure) == (Step.DONE, None)


def test_pools_that_were_away_settle_who_serves_as_soon_as_they_are_linked(
    pair: RunningPair, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody repeats a question for an hour here, and what they ask first is lost with the broker."""
    for pool in (pair.first, pair.second):
        pool.stop_all()
        pool.premises = replace(pool.premises, was_away=lambda: True)
    broker.stop()
    monkeypatch.setattr("twinpool.failover.rejoining.REPEAT", 3_600.0)
    monkeypatch.setattr("twinpool_services.backup.failover.desk.policy_of", lambda _: Policy(timeout=3_600.0))
    with caplog.at_level("DEBUG", "twinpool_services.backup.failover.surroundings"):
        pair.first.start(1)
        pair.second.start(1)
        eventually(lambda: {f"{HOME}: not said to {pool}" in caplog.text for pool in (P1, P2)} == {True}, "both asked")
    broker.start()

    pair.first.put("contact", b"1")
    eventually(pair.in_step, "exports and imports go on")


def test_what_was_written_meanwhile_comes_home_with_the_failback(pair: RunningPair) -> None:
    pair.first.put("old", b"1")
    over(pair.second, ask(pair.second))
    pair.second.put("new", b"2")
    done = over(pair.first, ask(pair.first))
    assert (done.step, done.failure) == (Step.DONE, None)
    assert serving(pair.first) == serving(pair.second) == (3, P1)
    assert {key for _, key, _ in pair.first.records()} == {"old", "new"}
    pair.first.put("newest", b"3")
    eventually(pair.in_step, "replication goes on as before")


def test_a_failover_that_is_only_prepared_leaves_the_home_where_it_is(pair: RunningPair) -> None:
    pair.first.put("contact", b"1")
    done = over(pair.second, ask(pair.second, options=Options(wait_time=20.0, prepare_only=True)))
    assert done.step is Step.ABORTED
    assert serving(pair.first) == (1, P1)
    eventually(lambda: not isinstance(attempt(pair.first, "more"), HomeReadOnly), "the source writes again")


def test_an_operation_that_is_aborted_lets_the_source_write_again(pair: RunningPair) -> None:
    pair.second.stop_all()
    asked = ask(pair.second)
    request_abort(pair.second.store, asked.id, "it was a mistake")
    pair.second.start(1)
    done = over(pair.second, asked)
    assert (done.step, done.failure) == (Step.ABORTED, "it was a mistake")
    assert serving(pair.first) == (1, P1)
    pair.first.put("contact", b"1")


def test_a_source_that_does_not_answer_is_waited_for_and_then_left_alone(pair: RunningPair) -> None:
    pair.first.stop_all()
    asked = ask(pair.second, options=Options(wait_time=1.0))
    eventually(lambda: find_failover(pair.second.store, asked.id).step is Step.ABORTING, "the coordinator gives it up")
    pair.first.start(1)
    assert over(pair.second, asked).step is Step.ABORTED
    standing = read_standing(pair.first.store, pair.first.premises.deployment, HOME)
    assert standing.engagement is not None
    assert standing.engagement.state is Engaged.ABORTED
    assert serving(pair.first) == (1, P1)


def test_a_disaster_failover_needs_nobody_else(pair: RunningPair) -> None:
    pair.first.put("contact", b"1")
    eventually(pair.in_step, "the record has come over")
    pair.first.stop_all()
    done = over(pair.second, ask(pair.second, Kind.DISASTER))
    assert done.step is Step.DONE
    assert serving(pair.second) == (2, P2)
    pair.second.put("more", b"2")


def test_a_disaster_does_not_wait_for_an_importer_that_still_waits_for_repairs(pair: RunningPair) -> None:
    """What lies in its queue cannot be applied, for nobody is left who would answer what it has to repair."""
    pair.first.put("shared", b"1")
    eventually(pair.in_step, "the record has come over")
    pair.first.stop_all()
    pair.first.put("lost", b"only here")
    over(pair.second, ask(pair.second, Kind.DISASTER))
    pair.second.put("new", b"2")
    lease = pair.first.store.acquire_lease(FrontEndName("test"), timedelta(minutes=1))
    pair.first.store.demote(
        HOME, pair.second.store.history(HOME), serving_pool=P2, term=Term(2), generation=lease.generation
    )
    pair.first.store.release_lease(lease)
    pair.second.stop_all()
    pair.first.start(1)
    done = over(pair.first, ask(pair.first, Kind.DISASTER, Options(wait_time=3600.0)))
    assert done.step is Step.DONE
    assert serving(pair.first) == (3, P1)


def test_a_pool_that_comes_back_gives_way_and_keeps_what_only_it_has(pair: RunningPair, broker: MemoryBroker) -> None:
    pair.first.put("shared", b"1")
    eventually(pair.in_step, "the record has come over")
    pair.first.stop_all()
    pair.first.put("shared", b"only here")
    pair.first.put("lost", b"only here")
    done = over(pair.second, ask(pair.second, Kind.DISASTER))
    assert done.step is Step.DONE
    pair.second.put("new", b"2")
    pair.first.start(1)
    eventually(lambda: serving(pair.first) == (2, P2), "the first gives way")
    eventually(pair.in_step, "the first is repaired")
    assert {(key, value) for _, key, value in pair.first.records()} == {("shared", b"1"), ("new", b"2")}
    orphans = pair.first.store.orphans(home=HOME)
    assert [(each.change.key, each.change.value, each.position) for each in orphans] == [
        ("shared", b"only here", Position(2)),
        ("lost", b"only here", Position(3)),
    ]
