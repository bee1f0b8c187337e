from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from threading import Thread

from tests.conformance.backends import Stores
from tests.conformance.streams import FIRST, PATIENCE, POOL, STREAM, committed, put, serve
from twinpool.ports.store import Store, Wakeups
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import CMS_HOME, ORIGIN, Generation, ModuleName, Position, Stream

CMS = Stream(CMS_HOME, ModuleName("CentralMgmt.CMSMaster"))

WRITE = """
import sys
from tests.conformance.streams import committed, put
from twinpool.stores.opening import open_store
store = open_store(sys.argv[1], "pool1.lab")
committed(store, put("from another process"))
store.close()
"""


def drain(wakeups: Wakeups) -> None:
    """Wait until all earlier wake-ups have been heard."""
    while wakeups.wait(0.2):
        pass


def test_a_commit_wakes_the_listener(store: Store) -> None:
    serve(store)
    with closing(store.wakeups()) as wakeups:
        committed(store, put("a"))
        assert wakeups.wait(PATIENCE)


def test_a_listener_is_woken_while_it_waits(store: Store) -> None:
    serve(store)
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        writer = Thread(target=committed, args=(store, put("a")))
        writer.start()
        assert wakeups.wait(PATIENCE)
        writer.join()


def test_without_a_commit_the_time_passes(store: Store) -> None:
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        assert not wakeups.wait(0.01)


def test_several_commits_are_heard_once(store: Store) -> None:
    serve(store)
    with closing(store.wakeups()) as wakeups:
        for n in range(10):
            committed(store, put(f"o{n}"))
        assert wakeups.wait(PATIENCE)
        drain(wakeups)
        assert not wakeups.wait(0.01)


def test_another_front_end_wakes_the_listener(stores: Stores, store: Store) -> None:
    serve(store)
    other = stores.open(POOL)
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        committed(other, put("a"))
        assert wakeups.wait(PATIENCE)


def test_another_process_wakes_the_listener(shared_stores: Stores) -> None:
    url = shared_stores.url(POOL)
    store = shared_stores.open(POOL)
    serve(store)
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        subprocess.run([sys.executable, "-c", WRITE, url], check=True)
        assert wakeups.wait(PATIENCE)


def test_the_newest_listener_counts(stores: Stores, store: Store) -> None:
    serve(store)
    with closing(store.wakeups()), closing(stores.open(POOL).wakeups()) as newest:
        drain(newest)
        committed(store, put("a"))
        assert newest.wait(PATIENCE)


def test_a_sync_request_wakes_the_listener(store: Store) -> None:
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        store.request_sync(STREAM, full=False)
        assert wakeups.wait(PATIENCE)


def test_an_import_into_the_cms_wakes_the_listener(store: Store, generation: Generation) -> None:
    store.note_session(CMS, FIRST, generation=generation)
    store.begin(CMS, session=FIRST, generation=generation)
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        store.apply(
            CMS,
            [Change("policies", "p", b"{}")],
            session=FIRST,
            after=ORIGIN,
            upto=Position(1),
            generation=generation,
        )
        assert wakeups.wait(PATIENCE)


def test_commits_go_on_when_nobody_listens_any_more(store: Store) -> None:
    serve(store)
    store.wakeups().close()
    committed(store, put("a"))


def test_a_write_is_told_with_its_stream_or_as_anything(stores: Stores) -> None:
    store, other = stores.open(POOL), stores.open(POOL)
    serve(store)
    with closing(store.wakeups()) as wakeups:
        for writer in (store, other):
            drain(wakeups)
            wakeups.grown()
            committed(writer, put("a"))
            assert wakeups.wait(PATIENCE)
            grown = wakeups.grown()
            assert grown is None or set(grown) == {STREAM}


def test_what_is_no_write_may_have_changed_anything(stores: Stores) -> None:
    store, other = stores.open(POOL), stores.open(POOL)
    serve(store)
    with closing(store.wakeups()) as wakeups:
        for asking in (store, other):
            drain(wakeups)
            wakeups.grown()
            committed(asking, put("a"))
            asking.request_sync(STREAM, full=False)
            drain(wakeups)
            assert wakeups.grown() is None
