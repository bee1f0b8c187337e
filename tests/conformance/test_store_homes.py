from __future__ import annotations

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import HOME, PARTNER, POOL, STREAM, committed, put, serve
from twinpool.errors import HomeReadOnly, LeaseLost, NotFound
from twinpool.ports.store import Store
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import CMS_HOME, Generation, Home, PoolFqdn, Term


def test_a_home_is_noted_once_and_what_is_known_wins(store: Store) -> None:
    first = HomeStatus(home=HOME, term=Term(3), serving_pool=PARTNER, mode=Mode.READ_ONLY)
    assert store.declare_home(first) == first
    assert store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=POOL, mode=Mode.READ_WRITE)) == first
    assert store.homes() == [first]


def test_homes_are_listed_in_order_of_their_names(store: Store) -> None:
    for name in ("b.lab", CMS_HOME, "a.lab"):
        serve(store, home=Home(name))
    assert [status.home for status in store.homes()] == ["a.lab", "b.lab", "cms"]


def test_the_mode_changes_and_changes_back(store: Store, generation: Generation) -> None:
    serve(store)
    store.set_mode(HOME, Mode.READ_ONLY, generation=generation)
    assert [status.mode for status in store.homes()] == [Mode.READ_ONLY]
    assert isinstance(store.write([put("o")])[0], HomeReadOnly)
    store.set_mode(HOME, Mode.READ_WRITE, generation=generation)
    committed(store, put("o"))


def test_the_mode_of_an_unknown_home_cannot_be_set(store: Store, generation: Generation) -> None:
    with pytest.raises(NotFound):
        store.set_mode(HOME, Mode.READ_ONLY, generation=generation)


def test_a_store_knows_whose_it_is(stores: Stores) -> None:
    assert stores.open(PoolFqdn("somewhere.lab")).pool == "somewhere.lab"


def test_a_mode_that_an_overtaken_generation_sets_stays_as_it_was(store: Store, generation: Generation) -> None:
    serve(store)
    with pytest.raises(LeaseLost):
        store.set_mode(HOME, Mode.READ_ONLY, generation=Generation(generation - 1))
    committed(store, put("o"))
    assert store.head(STREAM) > 0
