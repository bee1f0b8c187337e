"""Both pools of a pair have served a home while they could not hear each other: on contact, terms settle it.

The lower term gives way. What only it has becomes orphans, both pools say so, and they hold the same again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pairs import CONTACTS, MODULES, P1, P2, RunningPair, RunningPool, eventually, running_pair
from tests.parting import GatedPool, PartedBroker, running_gated
from twinpool.errors import HomeInDoubt
from twinpool.failover.operation import Kind, Options, Step
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Committed
from twinpool.vocabulary.home import OnPartnerSilent
from twinpool.vocabulary.names import Home, PoolFqdn
from twinpool.vocabulary.states import ExportState
from twinpool_services.backup import FailoverWish, find_failover, plan_failover, read_standing, request_failover

HOME = Home(P1)


@pytest.fixture
def broker() -> PartedBroker:
    return PartedBroker()


@pytest.fixture
def pair(tmp_path: Path, broker: PartedBroker) -> Iterator[RunningPair]:
    """Two pools of which no front end runs yet."""

    def store(fqdn: PoolFqdn) -> Store:
        return open_store(f"sqlite:///{tmp_path}/{fqdn}.db", fqdn)

    with running_pair(tmp_path, store, broker.link, front_ends=0) as running:
        yield running


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def take_over_alone(pool: RunningPool) -> None:
    """Have a pool take the home over without the other."""
    deployment = pool.premises.deployment
    token = plan_failover(pool.store, deployment, MODULES, HOME).token
    wish = FailoverWish(home=HOME, kind=Kind.DISASTER, options=Options(wait_time=5.0), plan_token=token)
    asked = request_failover(pool.store, deployment, MODULES, wish)
    eventually(lambda: find_failover(pool.store, asked.id).has_ended, "the disaster failover has ended")
    assert find_failover(pool.store, asked.id).step is Step.DONE


def written(pool: GatedPool, key: str, value: bytes) -> None:
    """Write a record as soon as the pool takes it."""
    eventually(lambda: isinstance(pool.put(key, value), Committed), f"{pool.pool.premises.pool} takes {key}")


def events(caplog: pytest.LogCaptureFixture, event: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if getattr(record, "event", "") == event]


def standing(pool: RunningPool) -> tuple[int, str, str]:
    found = read_standing(pool.store, pool.premises.deployment, HOME)
    return found.status.term, found.status.serving_pool, found.doubt


def await_agreement(pair: RunningPair) -> None:
    """Wait until both know the second to serve, hold the same, and the second says that nothing is missing."""
    eventually(lambda: standing(pair.first) == standing(pair.second) == (2, P2, ""), "both know who serves")
    eventually(pair.in_step, "both hold the same")
    eventually(lambda: pair.second.module().export_state is ExportState.FINAL, "the second is in FinalState again")
    assert pair.in_step()


def orphaned(pool: RunningPool) -> list[tuple[str, bytes | None]]:
    return [(each.change.key, each.change.value) for each in pool.store.orphans(home=HOME)]


def start_both(pair: RunningPair, running: ExitStack) -> tuple[GatedPool, GatedPool]:
    first, second = (running.enter_context(running_gated(pool)) for pool in (pair.first, pair.second))
    written(first, "shared", b"before")
    eventually(pair.in_step, "the record has come over")
    return first, second


@pytest.mark.parametrize("parted", [[P1], [P2], [P1, P2]], ids=["first", "second", "both"])
def test_what_the_lower_term_took_becomes_orphans_and_both_pools_say_so(
    pair: RunningPair,
    broker: PartedBroker,
    running: ExitStack,
    caplog: pytest.LogCaptureFixture,
    parted: list[PoolFqdn],
) -> None:
    caplog.set_level(logging.INFO)
    first, second = start_both(pair, running)
    for pool in parted:
        broker.part(pool)
    take_over_alone(pair.second)
    for number in range(3):
        written(first, f"first-{number}", b"1")
    written(second, "second", b"2")
    assert standing(pair.first)[:2] == (1, P1)
    assert standing(pair.second)[:2] == (2, P2)

    for pool in parted:
        broker.join(pool)
    await_agreement(pair)

    assert orphaned(pair.first) == [(f"first-{number}", b"1") for number in range(3)]
    assert {key for _, key, _ in pair.first.records()} == {"shared", "second"}
    assert orphaned(pair.second) == []
    (gave_way,) = events(caplog, "failover.gave_way")
    assert (vars(gave_way)["former_term"], vars(gave_way)["term"], vars(gave_way)["orphans"]) == (1, 2, 3)
    (told,) = events(caplog, "failover.split_brain")
    assert (vars(told)["other"], vars(told)["former_term"], vars(told)["term"]) == (P1, 1, 2)
    assert vars(told)["stream"] == str(CONTACTS)
    assert 1 <= vars(told)["positions"] <= 3  # As many as were known when it was first heard of.


def test_where_both_wrote_the_same_records_the_higher_term_counts(
    pair: RunningPair, broker: PartedBroker, running: ExitStack
) -> None:
    first, second = start_both(pair, running)
    broker.part(P1)
    take_over_alone(pair.second)
    for key in ("shared", "new"):
        written(first, key, b"of the first")
        written(second, key, b"of the second")
    broker.join(P1)
    await_agreement(pair)
    assert {(key, value) for _, key, value in pair.first.records()} == {
        ("shared", b"of the second"),
        ("new", b"of the second"),
    }
    assert orphaned(pair.first) == [("shared", b"of the first"), ("new", b"of the first")]
    written(second, "shared", b"later")
    eventually(pair.in_step, "replication goes on")


def test_a_pool_that_returns_to_a_parted_network_serves_if_it_is_to_and_gives_way_later(
    pair: RunningPair, broker: PartedBroker, running: ExitStack
) -> None:
    second = running.enter_context(running_gated(pair.second))
    with running_gated(pair.first) as first:
        written(first, "shared", b"before")
        eventually(pair.in_step, "the record has come over")
    take_over_alone(pair.second)
    written(second, "second", b"2")
    broker.part(P1)
    again = running.enter_context(running_gated(pair.first, on_silent=OnPartnerSilent.SERVE))
    assert isinstance(again.put("early", b"1"), HomeInDoubt)
    written(again, "returned", b"1")
    assert standing(pair.first) == (1, P1, "")
    broker.join(P1)
    await_agreement(pair)
    assert orphaned(pair.first) == [("returned", b"1")]
    assert {key for _, key, _ in pair.first.records()} == {"shared", "second"}


def test_a_pool_that_returns_to_a_parted_network_takes_nothing_if_it_is_to_be_read_only(
    pair: RunningPair, broker: PartedBroker, running: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    second = running.enter_context(running_gated(pair.second))
    with running_gated(pair.first) as first:
        written(first, "shared", b"before")
        eventually(pair.in_step, "the record has come over")
    take_over_alone(pair.second)
    broker.part(P1)
    again = running.enter_context(running_gated(pair.first, on_silent=OnPartnerSilent.READ_ONLY))
    eventually(lambda: "OnPartnerSilent is ReadOnly" in standing(pair.first)[2], "it says why it takes no writes")
    refused = again.put("returned", b"1")
    assert isinstance(refused, HomeInDoubt)
    eventually(lambda: "OnPartnerSilent" in str(again.put("returned", b"1")), "a client hears why")
    written(second, "second", b"2")
    broker.join(P1)
    await_agreement(pair)
    assert orphaned(pair.first) == []
    assert events(caplog, "failover.split_brain") == []
