from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import FrontEndName, Home, ModuleName, PoolFqdn, Route, Stream
from twinpool_services.backup.forced_syncs import ForcedSyncs

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
CONTACTS = Stream(Home(P1), ModuleName("UserServices.PresenceFocus"))
FILES = Stream(Home(P1), ModuleName("ConfServices.DataConf"))


@dataclass
class Exporter:
    """An exporter that remembers what was asked of it."""

    route: Route
    full_sync_waits: bool = False
    asked: list[bool] = field(default_factory=list)

    def sync(self, *, full: bool) -> None:
        self.asked.append(full)
        self.full_sync_waits |= full


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(P1)


def syncs(store: MemoryStore, *exporters: Exporter, holder: str = "fe1") -> ForcedSyncs:
    lease = store.acquire_lease(FrontEndName(holder), timedelta(0))
    return ForcedSyncs(store, exporters, lease.generation)


def test_a_request_goes_to_the_exporters_of_its_stream_once(store: MemoryStore) -> None:
    contacts, files = Exporter(Route(CONTACTS, P2)), Exporter(Route(FILES, P2))
    requests = syncs(store, contacts, files)
    store.request_sync(CONTACTS, full=False)

    requests.look()
    requests.look()

    assert (contacts.asked, files.asked) == ([False], [])
    assert store.sync_requests(0) == []


def test_a_full_sync_is_forgotten_only_when_the_importer_knows_of_it(store: MemoryStore) -> None:
    contacts = Exporter(Route(CONTACTS, P2))
    requests = syncs(store, contacts)
    number = store.request_sync(CONTACTS, full=True)

    requests.look()
    assert store.sync_requests(0) == [(number, CONTACTS, True)]

    contacts.full_sync_waits = False
    requests.look()
    assert store.sync_requests(0) == []


def test_a_front_end_that_takes_over_before_that_asks_anew(store: MemoryStore) -> None:
    store.request_sync(CONTACTS, full=True)
    syncs(store, Exporter(Route(CONTACTS, P2))).look()
    successor = Exporter(Route(CONTACTS, P2))

    syncs(store, successor, holder="fe2").look()

    assert successor.asked == [True]
