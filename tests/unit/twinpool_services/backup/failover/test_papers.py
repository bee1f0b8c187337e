"""What failover keeps is read back as it was, and what cannot be understood is no basis for anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from twinpool.errors import LeaseLost, StoreUnavailable
from twinpool.failover.operation import Engaged, Engagement, Kind, Operation, OperationId, Options, Step
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.names import FrontEndName, Generation, Home, Instant, ModuleName, PoolFqdn, Position, Term
from twinpool_services.backup.failover.papers import HeardHead, Papers, Standings

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
HOME = Home(P1)
PRESENCE = ModuleName("UserServices.PresenceFocus")
OPERATION = OperationId("20260101T000000Z-abcdef")
CURRENT = Generation(1)


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(P2)
    made.acquire_lease(FrontEndName("fe1"), timedelta(hours=1))
    return made


@pytest.fixture
def papers(store: MemoryStore) -> Papers:
    return Papers(store)


def operation(identity: str = OPERATION) -> Operation:
    return Operation(
        id=OperationId(identity),
        kind=Kind.PLANNED,
        home=HOME,
        source=P1,
        target=P2,
        term=Term(2),
        modules=(PRESENCE,),
        options=Options(wait_time=7.0, prepare_only=True),
    ).at(Step.REQUESTED, Instant(1.0))


def engagement(identity: str, since: float, home: Home = HOME) -> Engagement:
    return Engagement(
        operation=OperationId(identity),
        home=home,
        coordinator=P2,
        term=Term(2),
        state=Engaged.ENGAGED,
        since=Instant(since),
        reason="",
    )


def test_nothing_is_found_in_an_empty_store(papers: Papers) -> None:
    assert papers.operation(OPERATION) is None
    assert papers.operations() == []
    assert papers.newest_of(HOME) is None
    assert papers.abort_wished(OPERATION) is None
    assert papers.engagements(HOME) == []
    assert papers.standings() is None
    assert papers.heard(HOME) == {}


def test_an_operation_is_read_as_it_was_kept(papers: Papers) -> None:
    papers.save_operation(operation(), generation=None)
    papers.point_to(operation())
    assert papers.operation(OPERATION) == operation()
    assert papers.operations() == [operation()]
    assert papers.newest_of(HOME) == OPERATION
    papers.wish_abort(OPERATION, "a mistäke")
    assert papers.abort_wished(OPERATION) == "a mistäke"


def test_engagements_of_a_home_come_oldest_first(papers: Papers) -> None:
    for each in (engagement("b", 2.0), engagement("a", 3.0), engagement("c", 1.0), engagement("d", 0.0, Home(P2))):
        papers.keep_engagement(each, generation=CURRENT)
    assert [each.operation for each in papers.engagements(HOME)] == ["c", "b", "a"]


def test_standings_and_heads_are_read_as_they_were_told(papers: Papers) -> None:
    standings = Standings(generation=CURRENT, doubts={HOME: "näh"}, unsettled=(Home(P2),))
    papers.publish(standings)
    assert papers.standings() == standings
    heard = {PRESENCE: HeardHead(Position(12), Instant(3.5))}
    papers.note_heard(HOME, heard, generation=CURRENT)
    assert papers.heard(HOME) == heard


def test_who_is_out_of_office_keeps_nothing(papers: Papers) -> None:
    keeping: list[Callable[[], None]] = [
        lambda: papers.save_operation(operation(), generation=Generation(0)),
        lambda: papers.publish(Standings(generation=Generation(0), doubts={}, unsettled=())),
        lambda: papers.keep_engagement(engagement("a", 1.0), generation=Generation(0)),
        lambda: papers.note_heard(HOME, {}, generation=Generation(0)),
    ]
    for keep in keeping:
        with pytest.raises(LeaseLost):
            keep()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (f"failover/{OPERATION}", lambda papers: papers.operation(OPERATION)),
        ("standing", lambda papers: papers.standings()),
        (f"heard/{HOME}", lambda papers: papers.heard(HOME)),
    ],
    ids=["operation", "standings", "heads"],
)
@pytest.mark.parametrize("document", [b"", b"\xff", b"[]", b"{}", b"3", b'{"generation": 1, "doubts": []}'])
def test_a_document_that_cannot_be_understood_is_told_as_a_store_that_cannot_be_read(
    store: MemoryStore, papers: Papers, name: str, read: Callable[[Papers], object], document: bytes
) -> None:
    store.save_operation(name, document, generation=None)
    if name.startswith("heard") and document == b"{}":
        assert read(papers) == {}  # Nothing was heard: that is understood.
        return
    with pytest.raises(StoreUnavailable, match="cannot be understood"):
        read(papers)
