"""Opening, checking, closing."""

from __future__ import annotations

import pytest

from tests.conformance.streams import POOL
from twinpool.errors import InvalidConfiguration
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store


def test_a_store_that_works_passes_its_check(store: Store) -> None:
    store.check()


def test_the_clock_of_a_store_does_not_stand(store: Store) -> None:
    first = store.now()
    assert store.now() >= first > 1_600_000_000


def test_a_store_may_be_closed_twice(store: Store) -> None:
    store.close()
    store.close()


@pytest.mark.parametrize("url", ["", "pool.db", "mysql://host/db", "sqlite://", "sqlite:///", "sqlite://host/file"])
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(InvalidConfiguration):
        open_store(url, POOL)
