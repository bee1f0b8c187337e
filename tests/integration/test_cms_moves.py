"""The Central Management store moves within its pair, and every other pool of the deployment follows it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.pairs import CMS, LEASE, MODULES, P1, P2, RunningPool, eventually
from twinpool.brokers.memory import MemoryBroker
from twinpool.brokers.topology import CONTROL, Topology
from twinpool.content.store import ContentStore
from twinpool.errors import TwinpoolError
from twinpool.failover.operation import Kind, Operation, Options, Step
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.configuration import CONFIGURATION_RECORD, BackupServiceConfiguration
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pair, Pool
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, FrontEndName, PoolFqdn, Term
from twinpool.wire import encode_changes
from twinpool_services.backup import (
    Configurations,
    FailoverWish,
    find_failover,
    initial_homes,
    plan_failover,
    request_failover,
)
from twinpool_services.backup.premises import Premises

P3, P4 = PoolFqdn("pool3.lab"), PoolFqdn("pool4.lab")
ALL = (P1, P2, P3, P4)
LONG = 40.0  #: seconds; a bound for what never happens

Pools = Mapping[PoolFqdn, RunningPool]


def deployment(directory: Path) -> Deployment:
    """Two pairs, with one front end a pool; the CMS begins at the first pool."""
    pools = tuple(
        Pool(
            fqdn=fqdn,
            store=f"sqlite:///{directory}/{fqdn}.db",
            content=directory / fqdn,
            broker_url="amqp://127.0.0.1",
            front_ends=(
                FrontEnd(
                    name=FrontEndName(f"fe1.{fqdn}"),
                    host="127.0.0.1",
                    port=8000 + at,
                    address=f"http://127.0.0.1:{8000 + at}",
                ),
            ),
        )
        for at, fqdn in enumerate(ALL)
    )
    pairs = (Pair(first=P1, second=P2), Pair(first=P3, second=P4))
    return Deployment(
        cms_master=P1, lease_duration=LEASE, partner_query_timeout=timedelta(seconds=1), pools=pools, pairs=pairs
    )


def pool_of(laid_out: Deployment, fqdn: PoolFqdn, broker: MemoryBroker) -> RunningPool:
    store = open_store(laid_out.pool(fqdn).store, fqdn)
    for home, serving in initial_homes(laid_out, fqdn):
        store.declare_home(HomeStatus(home=home, term=Term(1), serving_pool=serving, mode=Mode.READ_WRITE))
    speakers = tuple(each for each in ALL if each != fqdn)
    topology = Topology(pool=fqdn, speakers=speakers, subjects=(CONTROL, *MODULES.names))
    return RunningPool(
        Premises(
            deployment=laid_out,
            pool=fqdn,
            store=store,
            modules=MODULES,
            content=ContentStore(laid_out.pool(fqdn).content),
            configurations=Configurations(store, CMS),
            new_link=lambda: broker.link(topology),
        )
    )


@pytest.fixture
def pools(tmp_path: Path) -> Iterator[Pools]:
    laid_out, broker = deployment(tmp_path), MemoryBroker()
    with ExitStack() as cleanup:
        found = {}
        for fqdn in ALL:
            found[fqdn] = pool = pool_of(laid_out, fqdn, broker)
            cleanup.callback(pool.store.close)
        for pool in found.values():
            cleanup.callback(pool.stop_all)
            pool.start(1)
        yield found


def configure(pool: RunningPool, interval: int) -> None:
    """Change the configuration at a pool as soon as that takes it."""
    settings = replace(BackupServiceConfiguration(), sync_interval=timedelta(seconds=interval))
    changes = (Change(*CONFIGURATION_RECORD, json.dumps(settings.to_document()).encode()),)
    transaction = Transaction(stream=CMS, changes=changes, payload=encode_changes(changes))
    eventually(lambda: not isinstance(pool.store.write([transaction])[0], TwinpoolError), "the change is taken", LONG)


def await_interval(pools: Pools, interval: int, among: tuple[PoolFqdn, ...] = ALL) -> None:
    """Wait until the services of these pools know a configuration, by their own replicas."""
    for fqdn in among:
        current = pools[fqdn].premises.configurations.current
        eventually(
            lambda known=current: known().sync_interval.total_seconds() == interval,  # type: ignore[misc]
            f"{fqdn} knows an interval of {interval} s",
            LONG,
        )


def standing(pool: RunningPool) -> tuple[int, PoolFqdn]:
    return next((each.term, each.serving_pool) for each in pool.store.homes() if each.home == CMS_HOME)


def all_know(pools: Pools, expected: tuple[int, PoolFqdn], among: tuple[PoolFqdn, ...] = ALL) -> bool:
    return all(standing(pools[fqdn]) == expected for fqdn in among)


def move(pools: Pools, to: PoolFqdn, kind: Kind = Kind.PLANNED) -> Operation:
    """Have the CMS moved, and wait until that is over."""
    pool = pools[to]
    laid_out = pool.premises.deployment
    token = plan_failover(pool.store, laid_out, MODULES, CMS_HOME).token if kind is Kind.DISASTER else None
    wish = FailoverWish(home=CMS_HOME, kind=kind, options=Options(wait_time=20.0), plan_token=token)
    asked = request_failover(pool.store, laid_out, MODULES, wish)
    eventually(lambda: find_failover(pool.store, asked.id).has_ended, "the CMS has moved", LONG)
    return find_failover(pool.store, asked.id)


def in_step(pools: Pools, among: tuple[PoolFqdn, ...] = ALL) -> bool:
    return len({tuple(pools[fqdn].records(CMS)) for fqdn in among}) == 1


def imports_from(pool: RunningPool, source: PoolFqdn, term: int) -> bool:
    """Whether the CMS is imported in this term, which its serving pool alone begins sessions of."""
    cursor = pool.store.import_progress(CMS).cursor
    return standing(pool) == (term, source) and cursor is not None and cursor.term == term


def test_bystanders_follow_a_planned_move_and_hear_what_is_changed_afterwards(pools: Pools) -> None:
    configure(pools[P1], 60)
    await_interval(pools, 60)
    done = move(pools, P2)
    assert (done.step, done.failure) == (Step.DONE, None)
    eventually(partial(all_know, pools, (2, P2)), "all pools know that the second serves it", LONG)
    configure(pools[P2], 90)
    await_interval(pools, 90)
    assert in_step(pools)
    assert all(imports_from(pools[fqdn], P2, 2) for fqdn in (P1, P3, P4))


def test_bystanders_follow_a_move_and_the_move_back(pools: Pools) -> None:
    configure(pools[P1], 60)
    await_interval(pools, 60)
    assert move(pools, P2).step is Step.DONE
    configure(pools[P2], 90)
    assert move(pools, P1).step is Step.DONE
    eventually(partial(all_know, pools, (3, P1)), "all pools know that the first serves it again", LONG)
    configure(pools[P1], 120)
    await_interval(pools, 120)
    assert in_step(pools)


def test_bystanders_follow_a_move_after_a_disaster_and_so_does_the_pool_that_returns(pools: Pools) -> None:
    configure(pools[P1], 60)
    await_interval(pools, 60)
    pools[P1].stop_all()
    configure(pools[P1], 70)  # Nobody else ever hears of it.
    assert move(pools, P2, Kind.DISASTER).step is Step.DONE
    eventually(partial(all_know, pools, (2, P2), (P2, P3, P4)), "the bystanders know that the second serves it", LONG)
    configure(pools[P2], 90)
    await_interval(pools, 90, (P2, P3, P4))
    assert in_step(pools, (P2, P3, P4))
    pools[P1].start(1)
    eventually(partial(all_know, pools, (2, P2)), "the first gives way", LONG)
    await_interval(pools, 90)
    configure(pools[P2], 120)
    await_interval(pools, 120)
    assert in_step(pools)
    orphans = pools[P1].store.orphans(home=CMS_HOME)
    assert [json.loads(each.change.value or b"")["SyncInterval"] for each in orphans] == ["00:01:10"]


def test_a_bystander_that_was_ahead_of_the_second_pool_gives_that_up(pools: Pools) -> None:
    """It has what the first pool told it and the second never heard: that is no part of the new term."""
    configure(pools[P1], 60)
    await_interval(pools, 60)
    pools[P2].stop_all()
    configure(pools[P1], 70)
    await_interval(pools, 70, (P1, P3, P4))
    pools[P1].stop_all()
    pools[P2].start(1)
    assert move(pools, P2, Kind.DISASTER).step is Step.DONE
    await_interval(pools, 60, (P2, P3, P4))
    configure(pools[P2], 90)
    await_interval(pools, 90, (P2, P3, P4))
    assert in_step(pools, (P2, P3, P4))
    pools[P1].start(1)
    await_interval(pools, 90)
    assert in_step(pools)


def test_a_bystander_that_was_away_while_it_moved_finds_it(pools: Pools) -> None:
    configure(pools[P1], 60)
    await_interval(pools, 60)
    pools[P3].stop_all()
    assert move(pools, P2).step is Step.DONE
    configure(pools[P2], 90)
    await_interval(pools, 90, (P1, P2, P4))
    pools[P3].start(1)
    await_interval(pools, 90)
    assert imports_from(pools[P3], P2, 2)
