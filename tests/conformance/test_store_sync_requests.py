from __future__ import annotations

from tests.conformance.backends import Stores
from tests.conformance.streams import OTHER_STREAM, STREAM
from twinpool.ports.store import Store
from twinpool.vocabulary.names import Generation


def test_requests_are_read_in_order_above_a_number(store: Store) -> None:
    assert store.sync_requests(0) == []
    first = store.request_sync(STREAM, full=False)
    second = store.request_sync(OTHER_STREAM, full=True)
    assert 0 < first < second
    assert store.sync_requests(0) == [(first, STREAM, False), (second, OTHER_STREAM, True)]
    assert store.sync_requests(first) == [(second, OTHER_STREAM, True)]


def test_forgotten_requests_are_gone_and_their_numbers_do_not_return(store: Store, generation: Generation) -> None:
    last = [store.request_sync(STREAM, full=False) for _ in range(3)][-1]
    store.forget_sync_requests(last - 1, generation=generation)
    assert [number for number, _, _ in store.sync_requests(0)] == [last]
    store.forget_sync_requests(last, generation=generation)
    assert store.request_sync(STREAM, full=False) > last


def test_the_active_front_end_sees_what_any_other_was_asked(stores: Stores, store: Store) -> None:
    number = stores.open(store.pool).request_sync(STREAM, full=True)
    assert store.sync_requests(0) == [(number, STREAM, True)]
