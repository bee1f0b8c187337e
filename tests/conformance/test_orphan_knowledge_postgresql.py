"""A change that stands behind a gap in the log counts, although nobody may export it yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.streams import POOL, STREAM, committed, put
from tests.conformance.terms import Side
from tests.conformance.test_commit_order_postgresql import Databases, Writer
from tests.conformance.test_terms_postgresql import set_back
from tests.servers import PostgresqlServer
from twinpool.stores.untouched import Witness
from twinpool.vocabulary.change import Change, RecordKey
from twinpool.vocabulary.names import Position, Term
from twinpool.vocabulary.orphan import Untouched, fingerprint

pytestmark = pytest.mark.postgresql


@pytest.fixture
def databases(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[Databases]:
    with ExitStack() as cleanup:
        yield Databases(postgresql, postgresql_template, cleanup)


def test_what_was_changed_behind_an_open_gap_is_not_called_untouched(databases: Databases) -> None:
    store = databases.store(POOL)
    side = Side(store)
    committed(store, put("left", value=b"shared"), put("changed", value=b"shared"))
    set_back(side, fork=2, upto=2)
    writer = Writer(databases.connect(), store)
    writer.begin()
    writer.change(Change("slow", "k", b"v"))
    writer.take_position()
    committed(store, put("changed", value=b"newer"))
    assert store.collect(STREAM, after=Position(2), max_changes=9, max_bytes=999) == []

    keys = [RecordKey("left", "k"), RecordKey("changed", "k")]
    told = Witness(store).untouched(STREAM, keys, Term(3))
    writer.end()

    assert told == (Untouched("left", "k", fingerprint(b"shared")),)
