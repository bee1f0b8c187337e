"""What a NOTIFY of ours says, and who is woken by it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from tests.conformance.streams import PATIENCE, POOL, STREAM, committed, put, serve
from tests.conformance.test_commit_order_postgresql import Databases
from tests.conformance.test_store_wakeups import drain
from tests.servers import PostgresqlServer
from twinpool.vocabulary.names import ModuleName

pytestmark = pytest.mark.postgresql

OTHER = replace(STREAM, module=ModuleName("ConfServices.DataConf"))


@pytest.fixture
def databases(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[Databases]:
    with ExitStack() as cleanup:
        yield Databases(postgresql, postgresql_template, cleanup)


def test_only_the_streams_that_were_written_are_told(databases: Databases) -> None:
    store, other = databases.store(POOL), databases.store(POOL)
    serve(store)
    with closing(store.wakeups()) as wakeups:
        for writer in (store, other):
            drain(wakeups)
            wakeups.grown()
            committed(writer, put("a"), put("b", stream=OTHER))
            drain(wakeups)
            assert set(wakeups.grown() or ()) == {STREAM, OTHER}
            committed(writer, put("a"))
            assert wakeups.wait(PATIENCE)
            drain(wakeups)
            assert set(wakeups.grown() or ()) == {STREAM}
            assert wakeups.grown() == set(), "it was told"


def test_more_streams_than_a_notify_can_name_are_told_as_anything(databases: Databases) -> None:
    store, other = databases.store(POOL), databases.store(POOL)
    serve(store)
    many = [replace(STREAM, module=ModuleName(f"Many.{'x' * 80}{number}")) for number in range(80)]
    with closing(store.wakeups()) as wakeups:
        drain(wakeups)
        wakeups.grown()
        committed(other, *(put("a", stream=stream) for stream in many))
        drain(wakeups)
        assert wakeups.grown() is None
