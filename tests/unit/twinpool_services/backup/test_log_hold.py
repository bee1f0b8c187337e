from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from twinpool.errors import Transient
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Transaction
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Home, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.wire import encode_changes
from twinpool_services.backup import log_hold
from twinpool_services.backup.housekeeping import prune_acknowledged
from twinpool_services.backup.log_hold import LogHold, held_from

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
STREAM = Stream(Home(P1), ModuleName("UserServices.PresenceFocus"))
ROUTE = Route(STREAM, P2)


@pytest.fixture
def store() -> Iterator[MemoryStore]:
    """A pool whose backup pool has all of its three change sets."""
    made = MemoryStore(P1)
    made.declare_home(HomeStatus(home=STREAM.home, term=Term(1), serving_pool=P1, mode=Mode.READ_WRITE))
    changes = (Change("ada@lab", "k", b"v"),)
    made.write([Transaction(stream=STREAM, changes=changes, payload=encode_changes(changes))] * 3)
    yield made
    made.close()


@pytest.fixture
def lease(store: MemoryStore) -> Lease:
    held = store.acquire_lease(FrontEndName("fe1"), timedelta(minutes=1))
    store.note_opened(ROUTE, acknowledged=store.head(STREAM), generation=held.generation)
    return held


def test_what_is_held_is_not_forgotten_though_all_importers_have_it(store: MemoryStore, lease: Lease) -> None:
    hold = LogHold(store, STREAM)
    hold.take(Position(1))

    prune_acknowledged(store, STREAM, [ROUTE], lease.generation)
    assert store.oldest(STREAM) == 1

    hold.keep(Position(2))
    prune_acknowledged(store, STREAM, [ROUTE], lease.generation)
    assert store.oldest(STREAM) == 2

    hold.release()
    prune_acknowledged(store, STREAM, [ROUTE], lease.generation)
    assert store.oldest(STREAM) == 3


def test_a_hold_that_is_not_kept_up_ends_by_itself(
    store: MemoryStore, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    LogHold(store, STREAM).take(Position(1))
    assert held_from(store, STREAM) == 1

    monkeypatch.setattr(log_hold, "HOLD_SECONDS", 0.0)

    assert held_from(store, STREAM) is None


def test_a_second_reader_waits_for_the_first(store: MemoryStore, lease: Lease) -> None:
    first = LogHold(store, STREAM)
    first.take(Position(1))

    with pytest.raises(Transient, match="somebody else reads"):
        LogHold(store, STREAM).take(Position(2))
    assert held_from(store, STREAM) == 1

    first.release()
    LogHold(store, STREAM).take(Position(2))
    assert held_from(store, STREAM) == 2


def test_where_nobody_is_active_nothing_has_to_be_held(store: MemoryStore) -> None:
    hold = LogHold(store, STREAM)

    hold.take(Position(1))
    hold.release()

    assert held_from(store, STREAM) is None
