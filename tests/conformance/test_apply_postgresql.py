"""A batch goes to PostgreSQL in one journey where nothing is in the way; what is in the way, the steps tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.conformance.streams import FIRST, FOR_LONG, POOL, SECOND, STREAM, records
from tests.conformance.test_commit_order_postgresql import Databases
from tests.servers import PostgresqlServer
from twinpool.errors import ImportFailed, LeaseLost, SessionOvertaken, TwinpoolError
from twinpool.ports.store import Store
from twinpool.stores.postgresql.imports import PostgresqlImports
from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import ORIGIN, FrontEndName, Generation, Position, Term
from twinpool.vocabulary.session import SessionId

pytestmark = pytest.mark.postgresql


class Stepped(Exception):
    """The batch went step by step."""


@pytest.fixture
def replica(postgresql: PostgresqlServer, postgresql_template: str) -> Iterator[Store]:
    """A store of generation 1 that imports the stream in the first session, from its beginning."""
    with ExitStack() as cleanup:
        store = Databases(postgresql, postgresql_template, cleanup).store(POOL)
        generation = store.acquire_lease(FrontEndName("fe1"), FOR_LONG).generation
        store.note_session(STREAM, FIRST, generation=generation)
        store.begin(STREAM, session=FIRST, generation=generation)
        yield store


def apply(store: Store, *changes: Change, session: SessionId = FIRST, after: int = ORIGIN, generation: int = 1) -> None:
    store.apply(
        STREAM,
        changes,
        session=session,
        after=Position(after),
        upto=Position(after + 1),
        generation=Generation(generation),
    )


@pytest.fixture
def steps_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(*_: object) -> None:
        raise Stepped

    monkeypatch.setattr(PostgresqlImports, "_apply_in_steps", step)


@pytest.mark.usefixtures("steps_tell")
def test_puts_deletions_and_nothing_at_all_are_applied_in_one_journey(replica: Store) -> None:
    apply(replica, Change("o", "a", b"1"), Change("o", "b", b"2"))
    apply(replica, Change("o", "a", None), Change("o", "missing", None), after=1)
    apply(replica, after=2)

    assert [(record.key, record.value) for record in records(replica)] == [("b", b"2")]
    assert replica.import_progress(STREAM).cursor == (1, 3)


WRONG = [
    ({"session": SECOND}, SessionOvertaken),
    ({"session": FIRST._replace(term=Term(2))}, SessionOvertaken),
    ({"session": FIRST._replace(generation=Generation(2))}, SessionOvertaken),
    ({"after": 1}, ImportFailed),
    ({"generation": 2}, LeaseLost),
]


@pytest.mark.usefixtures("steps_tell")
@pytest.mark.parametrize("wrong", [wrong for wrong, _ in WRONG])
def test_what_is_in_the_way_is_left_to_the_steps(replica: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(Stepped):
        apply(replica, Change("o", "a", b"1"), **wrong)

    assert records(replica) == []
    assert replica.import_progress(STREAM).cursor == (1, ORIGIN)


@pytest.mark.parametrize(("wrong", "error"), WRONG)
def test_the_steps_tell_what_is_in_the_way(replica: Store, wrong: dict[str, Any], error: type[TwinpoolError]) -> None:
    with pytest.raises(error):
        apply(replica, Change("o", "a", b"1"), **wrong)

    assert records(replica) == []
