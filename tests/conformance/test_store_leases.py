from __future__ import annotations

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import FOR_LONG, POOL, SHORTLY, eventually
from twinpool.errors import LeaseLost, LeaseTaken
from twinpool.ports.store import Store
from twinpool.vocabulary.names import HIGHEST_GENERATION, FrontEndName, Generation

FE1, FE2 = FrontEndName("fe1"), FrontEndName("fe2")


def test_the_first_lease_has_the_first_generation(store: Store) -> None:
    assert store.current_lease() is None
    before = store.now()
    lease = store.acquire_lease(FE1, FOR_LONG)
    assert (lease.holder, lease.generation) == (FE1, 1)
    assert before + 3600 <= lease.expires_at <= store.now() + 3600
    assert store.current_lease() == lease


def test_a_lease_that_has_not_expired_is_taken(store: Store) -> None:
    store.acquire_lease(FE1, FOR_LONG)
    with pytest.raises(LeaseTaken) as refused:
        store.acquire_lease(FE2, FOR_LONG)
    assert refused.value.holder == FE1
    assert 3500 < refused.value.expires_in <= 3600


def test_the_same_front_end_takes_its_own_lease_with_a_higher_generation(store: Store) -> None:
    first = store.acquire_lease(FE1, FOR_LONG)
    second = store.acquire_lease(FE1, FOR_LONG)
    assert second.generation > first.generation


def test_an_expired_lease_goes_to_another_with_a_higher_generation(store: Store) -> None:
    first = store.acquire_lease(FE1, SHORTLY)
    assert eventually(lambda: store.current_lease() is None)
    second = store.acquire_lease(FE2, FOR_LONG)
    assert second.generation > first.generation
    with pytest.raises(LeaseLost):
        store.renew_lease(first, FOR_LONG)
    assert store.current_lease() == second


def test_renewing_extends_the_same_generation(store: Store) -> None:
    first = store.acquire_lease(FE1, SHORTLY)
    renewed = store.renew_lease(first, FOR_LONG)
    assert (renewed.holder, renewed.generation) == (FE1, first.generation)
    assert renewed.expires_at > first.expires_at
    assert store.current_lease() == renewed


def test_a_lease_given_back_goes_to_another_at_once_and_the_generation_still_grows(store: Store) -> None:
    first = store.acquire_lease(FE1, FOR_LONG)
    store.release_lease(first)
    assert store.current_lease() is None
    assert store.acquire_lease(FE2, FOR_LONG).generation > first.generation


def test_giving_back_a_lease_that_was_overtaken_does_nothing(store: Store) -> None:
    first = store.acquire_lease(FE1, FOR_LONG)
    store.release_lease(first)
    second = store.acquire_lease(FE2, FOR_LONG)
    store.release_lease(first)
    assert store.current_lease() == second


def test_all_front_ends_see_one_lease(stores: Stores, store: Store) -> None:
    other = stores.open(POOL)
    lease = store.acquire_lease(FE1, FOR_LONG)
    assert other.current_lease() == lease
    with pytest.raises(LeaseTaken):
        other.acquire_lease(FE2, FOR_LONG)


@pytest.mark.parametrize("at_least", [1, 2, 50, HIGHEST_GENERATION])
def test_a_raised_generation_overtakes_its_holder_and_is_outgrown_by_the_next_one_at_once(
    store: Store, at_least: int
) -> None:
    first = store.acquire_lease(FE1, FOR_LONG)
    store.raise_generation(Generation(at_least), generation=first.generation)
    assert store.current_lease() is None
    with pytest.raises(LeaseLost):
        store.renew_lease(first, FOR_LONG)
    with pytest.raises(LeaseLost):
        store.raise_generation(Generation(at_least), generation=first.generation)
    store.release_lease(first)
    second = store.acquire_lease(FE2, FOR_LONG)
    assert second.generation > max(first.generation, at_least)
    assert store.current_lease() == second


def test_a_generation_that_does_not_hold_the_lease_raises_nothing(store: Store) -> None:
    first = store.acquire_lease(FE1, FOR_LONG)
    for other in (Generation(0), Generation(first.generation + 1)):
        with pytest.raises(LeaseLost):
            store.raise_generation(Generation(50), generation=other)
    assert store.current_lease() == first
