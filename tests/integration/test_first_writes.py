"""The first write of a term is noted, once, beside the write."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.conformance.streams import HOME, OTHER_STREAM, STREAM, put
from tests.front_ends import POOL1, POOL2
from twinpool.stores.commit_group import CommitGroup
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import FrontEndName, Term
from twinpool_services.frontend.first_writes import FirstWrites, first_write

SECOND = Term(2)


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    """A pool that has taken a home over in the second term."""
    opened = MemoryStore(POOL2)
    opened.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=POOL1, mode=Mode.READ_WRITE))
    lease = opened.acquire_lease(FrontEndName("fe1"), timedelta(minutes=1))
    modules = [STREAM.module, OTHER_STREAM.module]
    opened.take_over(HOME, modules, term=SECOND, generation=lease.generation)
    yield opened
    opened.close()


def test_the_first_write_of_a_term_is_noted_and_no_other(store: MemoryStore) -> None:
    commits = FirstWrites(CommitGroup(store), store)
    assert first_write(store, HOME, SECOND) is None

    first = commits.commit(put("ada"))
    commits.commit_all([put("bob"), put("eve")])

    assert first_write(store, HOME, SECOND) == pytest.approx(first.at)
    assert first_write(store, HOME, Term(3)) is None


def test_another_front_end_that_writes_later_changes_nothing(store: MemoryStore) -> None:
    (first,) = FirstWrites(CommitGroup(store), store).commit_all([put("ada")])
    FirstWrites(CommitGroup(store), store).commit(put("bob"))

    assert not isinstance(first, Exception)
    assert first_write(store, HOME, SECOND) == pytest.approx(first.at)


def test_the_first_term_begins_with_the_pool_and_is_not_noted() -> None:
    store = MemoryStore(POOL1)
    store.declare_home(HomeStatus(home=HOME, term=Term(1), serving_pool=POOL1, mode=Mode.READ_WRITE))

    FirstWrites(CommitGroup(store), store).commit(put("ada"))

    assert store.operations() == []
    store.close()
