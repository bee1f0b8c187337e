"""Leases and ages go by the store's clock, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from twinpool.errors import LeaseTaken
from twinpool.stores.memory import MemoryStore
from twinpool.stores.sqlite import SqliteStore
from twinpool.vocabulary.names import FrontEndName, Instant, PoolFqdn

FE1, FE2 = FrontEndName("fe1"), FrontEndName("fe2")
SECONDS_5 = timedelta(seconds=5)

AnyStore = MemoryStore | SqliteStore


class Hand:
    """The hand of a clock, moved by the test."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, hand: Hand) -> Iterator[AnyStore]:
    make: dict[str, Callable[[], AnyStore]] = {
        "memory": lambda: MemoryStore(PoolFqdn("p.lab"), clock=hand),
        "sqlite": lambda: SqliteStore(tmp_path / "store.db", PoolFqdn("p.lab"), clock=hand),
    }
    store = make[request.param]()
    yield store
    store.close()


def test_a_lease_expires_to_the_second(store: AnyStore, hand: Hand) -> None:
    assert store.acquire_lease(FE1, SECONDS_5).expires_at == Instant(1005)
    hand.seconds = 1004.5
    with pytest.raises(LeaseTaken) as refused:
        store.acquire_lease(FE2, SECONDS_5)
    assert refused.value.expires_in == 0.5
    hand.seconds = 1005.0
    assert store.current_lease() is None
    assert store.acquire_lease(FE2, SECONDS_5).generation == 2


def test_a_lease_that_is_renewed_counts_from_now(store: AnyStore, hand: Hand) -> None:
    lease = store.acquire_lease(FE1, SECONDS_5)
    hand.seconds = 1003.0
    assert store.renew_lease(lease, SECONDS_5).expires_at == Instant(1008)


def test_a_lease_that_is_given_back_expires_now(store: AnyStore, hand: Hand) -> None:
    lease = store.acquire_lease(FE1, SECONDS_5)
    hand.seconds = 1001.0
    store.release_lease(lease)
    assert store.current_lease() is None
    assert store.acquire_lease(FE2, SECONDS_5).expires_at == Instant(1006)
