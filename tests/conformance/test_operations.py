from __future__ import annotations

import pytest

from tests.conformance.backends import Stores
from tests.conformance.streams import POOL
from twinpool.errors import InvalidRecord, LeaseLost
from twinpool.ports.store import Store
from twinpool.vocabulary.names import Generation


def test_the_newest_state_of_an_operation_is_kept(store: Store, generation: Generation) -> None:
    assert store.operation("failover") is None
    store.save_operation("failover", b"requested", generation=generation)
    store.save_operation("failover", b"\0done\xff", generation=generation)
    assert store.operation("failover") == b"\0done\xff"


def test_operations_are_listed_in_order_of_their_names(store: Store, generation: Generation) -> None:
    for name in ("b", "a", "ä", "B"):
        store.save_operation(name, name.encode(), generation=generation)
    assert store.operations() == [(name, name.encode()) for name in ("B", "a", "b", "ä")]


def test_another_front_end_goes_on_with_an_operation(stores: Stores, store: Store, generation: Generation) -> None:
    store.save_operation("failover", b"drained", generation=generation)
    assert stores.open(POOL).operation("failover") == b"drained"


def test_an_overtaken_generation_moves_no_operation(store: Store, generation: Generation) -> None:
    store.save_operation("failover", b"drained", generation=generation)
    with pytest.raises(LeaseLost):
        store.save_operation("failover", b"requested", generation=Generation(generation - 1))
    assert store.operation("failover") == b"drained"


def test_an_operator_needs_no_lease_to_wish_for_something(store: Store) -> None:
    store.save_operation("failover", b"requested", generation=None)
    assert store.operations() == [("failover", b"requested")]


def test_a_wish_wakes_the_active_front_end(stores: Stores, store: Store) -> None:
    listener = store.wakeups()
    listener.wait(0)
    stores.open(POOL).save_operation("failover", b"requested", generation=None)
    assert listener.wait(10)
    listener.close()


def test_a_name_that_is_no_text_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRecord):
        store.save_operation("fail\0over", b"", generation=None)
