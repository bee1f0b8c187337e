"""Terms begin and end in one transaction, and positions go on."""

from __future__ import annotations

import pytest

from tests.conformance.streams import (
    HOME,
    MODULE,
    OTHER_STREAM,
    PARTNER,
    POOL,
    ROUTE,
    STREAM,
    committed,
    put,
    records,
    transaction,
)
from tests.conformance.terms import Side, beginning, logged
from twinpool.errors import (
    HomeNotReadOnly,
    HomeNotServed,
    HomeReadOnly,
    ImportFailed,
    LeaseLost,
    NotFound,
    SessionOvertaken,
    TermTaken,
)
from twinpool.ports.store import Store
from twinpool.vocabulary.change import Change, Pending, RecordKey
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import ORIGIN, Generation, Home, ModuleName, PoolFqdn, Position, Route, Term
from twinpool.vocabulary.session import Cursor, SessionId

NOTHING_PENDING = Pending(changes=0, bytes=0, oldest_at=None)


@pytest.fixture
def first(store: Store) -> Side:
    """The pool that serves the home in term 1."""
    return Side(store)


@pytest.fixture
def second(replica: Store) -> Side:
    """Its partner."""
    return Side(replica)


def write_five(side: Side) -> None:
    committed(side.store, *(put("o", str(n)) for n in range(1, 6)))


# ── handing over ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_home_is_handed_over_and_positions_go_on(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store)
    given = first.give_up(2)
    taken = second.take_over(2)
    assert given == taken == [beginning(2, 5)] == first.store.history(HOME) == second.store.history(HOME)
    serving = HomeStatus(home=HOME, term=Term(2), serving_pool=PARTNER, mode=Mode.READ_WRITE)
    assert first.status == second.status == serving
    assert committed(second.store, put("o", "6"), put("o", "7")) == [6, 7]
    assert isinstance(first.store.write([put("late")])[0], HomeNotServed)
    assert first.import_from(second.store) == 7
    assert first.store.import_progress(STREAM).cursor == Cursor(Term(2), Position(7))
    assert records(first.store) == records(second.store)


def test_a_home_comes_back_and_forth(first: Side, second: Side) -> None:
    """Each log is empty where its term begins, whatever the pool has logged in an earlier life."""
    write_five(first)
    second.import_from(first.store)
    sides = [first, second]
    for term in range(2, 8):
        source, target = sides[term % 2], sides[(term + 1) % 2]
        head = source.store.head(STREAM)
        source.give_up(term, to=target.store.pool)
        target.take_over(term)
        assert target.store.head(STREAM) == target.store.oldest(STREAM) == target.store.settled(STREAM) == head
        assert target.store.pending(STREAM, after=head) == NOTHING_PENDING
        assert target.store.log_size(STREAM) == 0
        assert logged(target.store, after=head) == []
        assert committed(target.store, put("o", str(term)), put("x", str(term))) == [head + 1, head + 2]
        assert target.store.pending(STREAM, after=head).changes == 2
        assert target.store.settled(STREAM) == head + 2
        assert source.import_from(target.store) == head + 2
    assert records(first.store) == records(second.store)
    assert [each.term for each in first.store.history(HOME)] == [2, 3, 4, 5, 6, 7]


def test_all_streams_of_a_home_change_hands(first: Side) -> None:
    committed(first.store, put("o"), put("o", stream=OTHER_STREAM), put("p", stream=OTHER_STREAM))
    later = ModuleName("later")
    first.store.set_mode(HOME, Mode.READ_ONLY, generation=first.generation)
    given = first.store.give_up(HOME, [MODULE, later], term=Term(2), to=PARTNER, generation=first.generation)
    assert given == [
        beginning(2, 2, module=OTHER_STREAM.module),
        beginning(2, 1),
        beginning(2, 0, module=later),
    ]
    assert first.store.import_progress(OTHER_STREAM).cursor == Cursor(Term(2), Position(2))


def test_only_a_read_only_home_is_given_up(first: Side) -> None:
    with pytest.raises(HomeNotReadOnly):
        first.store.give_up(HOME, [MODULE], term=Term(2), to=PARTNER, generation=first.generation)
    committed(first.store, put("o"))


def test_only_who_serves_gives_up(second: Side) -> None:
    with pytest.raises(HomeNotServed) as refused:
        second.store.give_up(HOME, [MODULE], term=Term(2), to=POOL, generation=second.generation)
    assert refused.value.serving_pool == POOL


@pytest.mark.parametrize("term", [0, 1])
def test_a_term_that_is_over_is_not_begun_again(first: Side, second: Side, term: int) -> None:
    with pytest.raises(TermTaken):
        second.take_over(term)
    with pytest.raises(TermTaken):
        first.give_up(term)
    with pytest.raises(TermTaken) as refused:
        first.store.demote(HOME, [], serving_pool=PARTNER, term=Term(term), generation=first.generation)
    assert (refused.value.term, refused.value.serving_pool) == (1, POOL)
    assert second.store.history(HOME) == first.store.history(HOME) == []


def test_who_serves_takes_no_further_term_by_itself(first: Side) -> None:
    with pytest.raises(TermTaken):
        first.take_over(2)
    assert first.status.term == 1


def test_a_take_over_that_is_repeated_is_refused_and_changes_nothing(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store)
    second.take_over(2)
    committed(second.store, put("o", "6"))
    with pytest.raises(TermTaken):
        second.take_over(2)
    with pytest.raises(TermTaken):
        second.take_over(3)
    assert second.store.head(STREAM) == 6


def test_an_unknown_home_has_no_terms(first: Side) -> None:
    nowhere = Home("nowhere.lab")
    generation = first.generation
    with pytest.raises(NotFound):
        first.store.take_over(nowhere, [MODULE], term=Term(2), generation=generation)
    with pytest.raises(NotFound):
        first.store.give_up(nowhere, [MODULE], term=Term(2), to=PARTNER, generation=generation)
    with pytest.raises(NotFound):
        first.store.demote(nowhere, [], serving_pool=PARTNER, term=Term(2), generation=generation)
    assert first.store.history(nowhere) == []


def test_an_overtaken_generation_moves_no_home(first: Side, second: Side) -> None:
    old = Generation(first.generation - 1)
    first.store.set_mode(HOME, Mode.READ_ONLY, generation=first.generation)
    with pytest.raises(LeaseLost):
        first.store.give_up(HOME, [MODULE], term=Term(2), to=PARTNER, generation=old)
    with pytest.raises(LeaseLost):
        second.store.take_over(HOME, [MODULE], term=Term(2), generation=old)
    with pytest.raises(LeaseLost):
        first.store.demote(HOME, [beginning(2, 0)], serving_pool=PARTNER, term=Term(2), generation=old)
    with pytest.raises(LeaseLost):
        first.store.note_repaired(STREAM, [RecordKey("o", "k")], generation=old)
    assert (first.status.serving_pool, second.status.serving_pool) == (POOL, POOL)


# ── taking over ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_term_begins_where_the_import_stands(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store, up_to=3)
    assert second.take_over(2) == [beginning(2, 3)]
    assert committed(second.store, put("mine")) == [4]


def test_a_term_begins_at_the_origin_where_nothing_was_imported(second: Side) -> None:
    assert second.take_over(2) == [beginning(2, 0)]
    assert second.store.oldest(STREAM) == ORIGIN
    assert committed(second.store, put("o")) == [1]


def test_records_without_a_place_in_the_stream_are_not_kept_from_the_partner(first: Side) -> None:
    """The log of the new term does not tell of them, so it must not look whole."""
    write_five(first)
    first.store.prune(STREAM, up_to=Position(4), generation=first.generation)
    first.store.demote(HOME, [beginning(2, 3)], serving_pool=PARTNER, term=Term(2), generation=first.generation)
    assert first.store.import_progress(STREAM).cursor is None
    assert first.take_over(3) == [beginning(3, 0, pool=POOL)]
    assert first.store.oldest(STREAM) == first.store.head(STREAM) == 1
    assert committed(first.store, put("o")) == [2]
    assert first.store.settled(STREAM) == 2


def test_what_is_staged_is_forgotten_by_a_take_over(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store, up_to=2)
    session = second.stage_all(records(first.store), term=1, position=5)
    second.take_over(2)
    assert second.store.import_progress(STREAM).staging is None
    with pytest.raises((SessionOvertaken, ImportFailed)):
        second.store.swap_in(STREAM, session=session, generation=second.generation)
    assert len(records(second.store)) == 2


def test_an_importer_that_wakes_up_late_changes_nothing_any_more(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store, up_to=2)
    session = second.session(1)
    second.take_over(2)
    late = [Change("late", "k", b"v")]
    at = Position(2)
    with pytest.raises(SessionOvertaken):
        second.store.apply(STREAM, late, session=session, after=at, upto=Position(3), generation=second.generation)
    with pytest.raises(SessionOvertaken):
        second.store.begin(STREAM, session=session, generation=second.generation)
    with pytest.raises(SessionOvertaken):
        second.store.note_session(STREAM, SessionId(Term(1), Generation(9), 9), generation=second.generation)
    assert len(records(second.store)) == 2


def test_a_ledger_says_nothing_about_the_positions_of_another_term(first: Side, second: Side) -> None:
    back = Route(STREAM, POOL)
    write_five(first)
    second.import_from(first.store)
    first.store.note_opened(ROUTE, acknowledged=Position(5), generation=first.generation)
    second.store.note_opened(back, acknowledged=Position(99), generation=second.generation)
    second.take_over(2)
    ledger = second.store.export_ledger(back)
    assert (ledger.session_opened, ledger.acknowledged, ledger.proven_at) == (False, ORIGIN, None)
    first.demote_to(second)
    ledger = first.store.export_ledger(ROUTE)
    assert (ledger.session_opened, ledger.acknowledged) == (False, ORIGIN)


def test_positions_come_again_in_another_term_and_nothing_is_mistaken(first: Side, second: Side) -> None:
    """The first pool logged up to 5 in term 1, loses what is above 2, and serves again from 4 on."""
    write_five(first)
    assert first.store.settled(STREAM) == 5
    second.import_from(first.store, up_to=2)
    second.take_over(2)
    committed(second.store, put("second"))
    first.demote_to(second)
    assert first.store.head(STREAM) == first.store.settled(STREAM) == 2
    repairs = first.store.repairs(STREAM, limit=10)
    second.store.touch(STREAM, repairs)
    first.store.note_repaired(STREAM, repairs, generation=first.generation)
    assert first.import_from(second.store) == 4
    second.give_up(3, to=POOL)
    first.take_over(3)
    assert first.store.settled(STREAM) == 4
    assert committed(first.store, put("again")) == [5]
    assert first.store.settled(STREAM) == first.store.head(STREAM) == 5
    assert first.store.pending(STREAM, after=Position(4)).changes == 1
    assert logged(first.store, after=4) == [(5, [Change("again", "k", b"v")])]
    assert records(first.store)[0] == ("again", "k", b"v")


# ── touching ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_touching_logs_what_is_there_and_changes_nothing(first: Side) -> None:
    committed(first.store, put("a"), put("b", value=b"there"))
    before = records(first.store)
    keys = [RecordKey("b", "k"), RecordKey("gone", "k"), RecordKey("b", "k")]
    assert first.store.touch(STREAM, keys) == 3 == first.store.head(STREAM)
    assert records(first.store) == before
    assert logged(first.store, after=2) == [(3, [Change("b", "k", b"there"), Change("gone", "k", None)])]
    assert first.store.pending(STREAM, after=Position(2)).changes == 2


def test_touching_nothing_logs_nothing(first: Side) -> None:
    committed(first.store, put("a"))
    assert first.store.touch(STREAM, []) == 1 == first.store.head(STREAM)


def test_what_is_too_much_for_one_change_set_makes_several(first: Side) -> None:
    large = b"v" * 3_000_000
    committed(first.store, *(put("o", str(n), large) for n in range(3)))
    assert first.store.touch(STREAM, [RecordKey("o", str(n)) for n in range(3)]) == 6
    assert [[change.key for change in changes] for _, changes in logged(first.store, after=3)] == [["0"], ["1"], ["2"]]


def test_who_may_not_write_may_not_touch(first: Side, second: Side) -> None:
    with pytest.raises(HomeNotServed):
        second.store.touch(STREAM, [RecordKey("o", "k")])
    first.store.set_mode(HOME, Mode.READ_ONLY, generation=first.generation)
    with pytest.raises(HomeReadOnly):
        first.store.touch(STREAM, [RecordKey("o", "k")])
    assert first.store.head(STREAM) == ORIGIN


# ── importers of a home that moves between others ───────────────────────────────────────────────────────────────


def test_a_pool_that_only_imports_stays_where_it_shares_the_history(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store, up_to=3)
    third = PoolFqdn("pool3.lab")
    for term, position in ((2, 4), (3, 4)):
        counts = second.store.demote(
            HOME,
            [beginning(term, position, pool=third)],
            serving_pool=third,
            term=Term(term),
            generation=second.generation,
        )
        assert counts == {MODULE: 0}
        assert second.store.import_progress(STREAM).cursor == Cursor(Term(1), Position(3))
    assert (second.status.term, second.status.serving_pool) == (3, third)


def test_a_pool_that_imported_beyond_the_fork_stands_nowhere(first: Side, second: Side) -> None:
    write_five(first)
    second.import_from(first.store)
    third = PoolFqdn("pool3.lab")
    second.store.demote(
        HOME, [beginning(2, 3, pool=third)], serving_pool=third, term=Term(2), generation=second.generation
    )
    assert second.store.import_progress(STREAM).cursor is None
    session = second.stage_all(records(first.store)[:3], term=2, position=3)
    second.store.swap_in(STREAM, session=session, generation=second.generation)
    assert [(each.change.key, each.term) for each in second.store.orphans()] == [("4", 1), ("5", 1)]


def test_history_is_that_of_whoever_serves(first: Side, second: Side) -> None:
    second.take_over(2)
    first.demote_to(second)
    assert first.store.history(HOME) == second.store.history(HOME) == [beginning(2, 0)]
    assert first.status == second.status


def test_a_change_set_of_many_is_there_as_a_whole(first: Side, second: Side) -> None:
    """A fork never lies within one."""
    committed(first.store, transaction(("a", "k", b"1"), ("b", "k", b"1")), transaction(("a", "k", b"2")))
    second.import_from(first.store, up_to=1)
    second.take_over(2)
    assert first.demote_to(second) == 1
