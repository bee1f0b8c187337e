"""What only one pool ever had is kept, told and repaired."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.conformance.streams import (
    HOME,
    MODULE,
    OTHER_STREAM,
    PARTNER,
    POOL,
    STREAM,
    committed,
    put,
    records,
    transaction,
)
from tests.conformance.terms import Side, beginning, logged
from twinpool.errors import NotFound
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Record, RecordKey
from twinpool.vocabulary.home import TermBeginning
from twinpool.vocabulary.names import ORIGIN, Home, Instant, Position, Term
from twinpool.vocabulary.orphan import Decision, Orphan, Verdict
from twinpool.vocabulary.session import Cursor
from twinpool.wire import encode_changes

DISCARDED = Verdict(decision=Decision.DISCARDED, by="operator", at=Instant(1.5), note="was a test")


@pytest.fixture
def first(store: Store) -> Side:
    return Side(store)


@pytest.fixture
def second(replica: Store) -> Side:
    return Side(replica)


def demote(side: Side, *beginnings: TermBeginning) -> dict[str, int]:
    counts = side.store.demote(
        HOME, beginnings, serving_pool=PARTNER, term=beginnings[-1].term, generation=side.generation
    )
    return {str(module): count for module, count in counts.items()}


def diverge(first: Side, second: Side) -> None:
    """The first pool goes on alone after position 2, and so does the second."""
    committed(first.store, put("same"), put("both", value=b"old"))
    second.import_from(first.store)
    committed(
        first.store,
        put("both", value=b"first"),
        transaction(("mine", "k", b"1"), ("same", "k", None)),
        put("mine", value=b"2"),
    )
    second.take_over(2)
    committed(second.store, put("both", value=b"second"), put("yours"))


def told(orphans: Sequence[Orphan]) -> list[tuple[int | None, Change]]:
    return [(each.position, each.change) for each in orphans]


# ── from the log ────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_change_above_the_fork_becomes_an_orphan(first: Side, second: Side) -> None:
    diverge(first, second)
    change_sets = first.store.collect(STREAM, after=Position(2), max_changes=100, max_bytes=1 << 20)
    assert first.demote_to(second) == 4 == first.store.count_orphans(HOME)
    orphans = first.store.orphans()
    assert told(orphans) == [
        (3, Change("both", "k", b"first")),
        (4, Change("mine", "k", b"1")),
        (4, Change("same", "k", None)),
        (5, Change("mine", "k", b"2")),
    ]
    assert {each.term for each in orphans} == {1}
    assert {each.stream for each in orphans} == {STREAM}
    assert orphans[0].committed_at == change_sets[0].committed_at
    assert orphans[3].committed_at == change_sets[2].committed_at
    assert sorted({each.number for each in orphans}) == [each.number for each in orphans]
    assert first.store.head(STREAM) == 2
    assert first.store.pending(STREAM, after=ORIGIN).changes == 2
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(2))


def test_repairs_make_the_pools_equal_without_a_copy(first: Side, second: Side) -> None:
    diverge(first, second)
    first.demote_to(second)
    repairs = first.store.repairs(STREAM, limit=10)
    assert repairs == [RecordKey("both", "k"), RecordKey("mine", "k"), RecordKey("same", "k")]
    assert first.store.repairs(STREAM, limit=2) == repairs[:2]
    assert second.store.touch(STREAM, repairs) == 5
    first.store.note_repaired(STREAM, repairs[1:], generation=first.generation)
    assert first.store.repairs(STREAM, limit=10) == repairs[:1]
    first.store.note_repaired(STREAM, repairs, generation=first.generation)
    assert first.store.repairs(STREAM, limit=10) == []
    assert first.import_from(second.store) == 5
    assert records(first.store) == records(second.store)
    assert first.store.count_orphans(HOME) == 4


def test_records_that_still_wait_for_repair_are_told_by_whoever_serves_them(first: Side, second: Side) -> None:
    """The partner dies before it has repaired the returned pool, which then has to serve."""
    diverge(first, second)
    first.demote_to(second)
    assert first.take_over(3) == [beginning(3, 2, pool=POOL)]
    touched = [Change("both", "k", b"first"), Change("mine", "k", b"2"), Change("same", "k", None)]
    assert logged(first.store, after=2) == [(3, touched)]
    assert first.store.repairs(STREAM, limit=10) == []
    second.demote_to(first)
    repairs = second.store.repairs(STREAM, limit=10)
    first.store.touch(STREAM, repairs)
    second.store.note_repaired(STREAM, repairs, generation=second.generation)
    second.import_from(first.store)
    assert records(second.store) == records(first.store)
    assert told(second.store.orphans()) == [
        (3, Change("both", "k", b"second")),
        (4, Change("yours", "k", b"v")),
    ]


def test_a_pool_that_has_nothing_of_its_own_has_no_orphans(first: Side, second: Side) -> None:
    committed(first.store, put("a"), put("b"))
    second.import_from(first.store)
    second.take_over(2)
    committed(second.store, put("c"))
    assert first.demote_to(second) == 0
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(2))
    assert first.store.repairs(STREAM, limit=1) == []
    first.import_from(second.store)
    assert records(first.store) == records(second.store)


def test_the_lowest_beginning_of_all_missed_terms_is_the_fork(first: Side) -> None:
    committed(first.store, *(put("o", str(n)) for n in range(1, 7)))
    missed = [beginning(2, 5), beginning(3, 3, pool=POOL), beginning(4, 4)]
    assert demote(first, *missed) == {MODULE: 3}
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(3))
    assert first.store.history(HOME) == missed


def test_each_stream_has_a_fork_of_its_own(first: Side) -> None:
    committed(first.store, *(put("o", str(n)) for n in range(1, 4)))
    committed(first.store, *(put("o", str(n), stream=OTHER_STREAM) for n in range(1, 4)))
    counts = demote(first, beginning(2, 3), beginning(2, 1, module=OTHER_STREAM.module))
    assert counts == {MODULE: 0, OTHER_STREAM.module: 2}
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(3))
    assert first.store.import_progress(OTHER_STREAM).cursor == Cursor(Term(1), Position(1))
    assert first.store.repairs(STREAM, limit=9) == []
    assert len(first.store.repairs(OTHER_STREAM, limit=9)) == 2


def test_a_hundred_thousand_orphans_are_kept(first: Side) -> None:
    changes = [transaction(*((f"user{n:03}", f"{m:03}", b"%d" % m) for m in range(1000))) for n in range(100)]
    committed(first.store, *changes)
    assert demote(first, beginning(2, 0)) == {MODULE: 100_000}
    assert first.store.count_orphans(HOME) == 100_000
    last = first.store.orphans(after=99_999 + first.store.orphans(limit=1)[0].number - 1)
    assert told(last) == [(100, Change("user099", "999", b"999"))]
    assert len(first.store.repairs(STREAM, limit=200_000)) == 100_000
    assert first.store.head(STREAM) == ORIGIN


# ── by comparing ────────────────────────────────────────────────────────────────────────────────────────────────

SAME, ELSEWHERE = Record("same", "k", b"v"), Record("yours", "k", b"v")


def lose_the_log(side: Side) -> None:
    """Diverge above position 1, and forget the log up to position 4."""
    committed(
        side.store,
        put("same"),
        put("both", value=b"first"),
        put("mine"),
        put("forgotten"),
        transaction(("logged", "k", b"1"), ("forgotten", "k", None)),
    )
    side.store.prune(STREAM, up_to=Position(4), generation=side.generation)
    assert demote(side, beginning(2, 1)) == {MODULE: 2}


def test_where_the_log_is_too_short_a_snapshot_is_compared(first: Side) -> None:
    lose_the_log(first)
    assert first.store.import_progress(STREAM).cursor is None
    assert first.store.repairs(STREAM, limit=10) == []
    incoming = [Record("both", "k", b"second"), SAME, ELSEWHERE]
    session = first.stage_all(incoming, term=2, position=9)
    first.store.swap_in(STREAM, session=session, generation=first.generation)
    orphans = first.store.orphans()
    assert told(orphans) == [
        (5, Change("logged", "k", b"1")),
        (5, Change("forgotten", "k", None)),
        (None, Change("both", "k", b"first")),
        (None, Change("mine", "k", b"v")),
    ]
    assert [each.committed_at is None for each in orphans] == [False, False, True, True]
    assert {each.term for each in orphans} == {1}
    assert records(first.store) == incoming
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(2), Position(9))


def test_a_later_snapshot_is_not_compared_again(first: Side) -> None:
    lose_the_log(first)
    for position in (9, 10):
        session = first.stage_all([SAME], term=2, position=position)
        first.store.swap_in(STREAM, session=session, generation=first.generation)
    assert first.store.count_orphans(HOME) == 4


def test_a_log_that_is_replayed_from_its_beginning_makes_orphans_of_all_that_goes(first: Side) -> None:
    lose_the_log(first)
    session = first.session(2)
    first.store.begin(STREAM, session=session, generation=first.generation)
    assert records(first.store) == []
    by_comparing = [each.change.owner for each in first.store.orphans() if each.position is None]
    assert by_comparing == ["both", "mine", "same"]


def test_many_records_are_compared_in_steps(first: Side) -> None:
    rows = [(f"user{n % 50:02}", f"{n:05}", b"v") for n in range(30_000)]
    for at in range(0, len(rows), 5_000):
        committed(first.store, transaction(*rows[at : at + 5_000]))
    first.store.prune(STREAM, up_to=Position(6), generation=first.generation)
    demote(first, beginning(2, 1))
    kept = [Record(*row) for row in sorted(rows) if int(row[1]) % 1000]
    session = first.stage_all(kept, term=2, position=9)
    first.store.swap_in(STREAM, session=session, generation=first.generation)
    found = sorted(int(each.change.key) for each in first.store.orphans())
    assert found == list(range(0, 30_000, 1000))
    assert first.store.record_count(STREAM) == len(kept)


def test_a_snapshot_ends_the_wait_for_repairs(first: Side, second: Side) -> None:
    diverge(first, second)
    first.demote_to(second)
    session = first.stage_all(records(second.store), term=2, position=4)
    first.store.swap_in(STREAM, session=session, generation=first.generation)
    assert first.store.repairs(STREAM, limit=10) == []
    assert first.store.count_orphans(HOME) == 4
    assert records(first.store) == records(second.store)


def test_a_stream_that_nobody_went_on_with_is_not_believed_to_be_shared(first: Side) -> None:
    committed(first.store, put("o"), put("o", stream=OTHER_STREAM))
    assert demote(first, beginning(2, 1)) == {MODULE: 0, OTHER_STREAM.module: 0}
    assert first.store.import_progress(OTHER_STREAM).cursor is None
    assert records(first.store, OTHER_STREAM) == [Record("o", "k", b"v")]


# ── the ledger ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ledger(first: Side, second: Side) -> Store:
    """A store with four orphans."""
    diverge(first, second)
    first.demote_to(second)
    return first.store


def test_orphans_are_read_page_by_page(ledger: Store) -> None:
    whole = ledger.orphans()
    assert [ledger.orphan(each.number) for each in whole] == whole
    assert ledger.orphans(limit=3) == whole[:3]
    assert ledger.orphans(after=whole[2].number) == whole[3:]
    assert ledger.orphans(after=whole[3].number) == []
    assert ledger.orphans(limit=0) == []


def test_orphans_belong_to_a_home(ledger: Store) -> None:
    elsewhere = Home("elsewhere.lab")
    assert ledger.orphans(home=HOME) == ledger.orphans()
    assert ledger.orphans(home=elsewhere) == []
    assert (ledger.count_orphans(HOME), ledger.count_orphans(elsewhere)) == (4, 0)


def test_a_decision_is_noted_once_and_the_orphan_stays(ledger: Store) -> None:
    number = ledger.orphans()[1].number
    assert ledger.decide(number, DISCARDED)
    replayed = Verdict(decision=Decision.REPLAYED, by="somebody else", at=Instant(2.0))
    assert not ledger.decide(number, replayed)
    decided = ledger.orphan(number)
    assert decided is not None
    assert decided.verdict == DISCARDED
    assert len(ledger.orphans()) == 4 == ledger.count_orphans(HOME)
    undecided = ledger.orphans(undecided=True)
    assert undecided == [each for each in ledger.orphans() if each.number != number]
    assert ledger.orphans(undecided=True, home=HOME) == undecided
    assert ledger.count_orphans(HOME, undecided=True) == 3


def test_nothing_is_decided_about_what_is_not_there(ledger: Store) -> None:
    assert ledger.orphan(9999) is None
    with pytest.raises(NotFound):
        ledger.decide(9999, DISCARDED)
    with pytest.raises(NotFound):
        ledger.decide(0, DISCARDED)


def test_orphans_of_several_partings_stand_beside_each_other(ledger: Store, first: Side, second: Side) -> None:
    repairs = first.store.repairs(STREAM, limit=10)
    second.store.touch(STREAM, repairs)
    first.store.note_repaired(STREAM, repairs, generation=first.generation)
    first.import_from(second.store)
    second.give_up(3, to=POOL)
    first.take_over(3)
    committed(first.store, put("again"))
    second.take_over(4)
    assert first.demote_to(second) == 1
    assert told(ledger.orphans(after=4))[-1] == (6, Change("again", "k", b"v"))
    assert [each.term for each in ledger.orphans()] == [1, 1, 1, 1, 3]


def test_what_is_orphaned_is_what_was_written(first: Side) -> None:
    """Whatever characters and bytes there are."""
    changes = (Change("ü\x01🙂", "k\n%s", b"\0\xff"), Change("", "", b""), Change("o", "k", None))
    committed(first.store, transaction(*changes))
    assert encode_changes(changes)
    demote(first, beginning(2, 0))
    assert [each.change for each in first.store.orphans()] == list(changes)
    assert sorted(first.store.repairs(STREAM, limit=9)) == sorted(RecordKey(*each[:2]) for each in changes)
