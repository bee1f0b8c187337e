from __future__ import annotations

from tests.chaos_histories import P1, P2, history, pool, sample, write
from twinpool_services.chaos.checks.serving import check_serving, check_unparted_serving, check_workers
from twinpool_services.chaos.history import FaultSpan, Operation, Tenure


def serving(*operations: Operation) -> list[str]:
    return [one.check for one in check_serving(history(operations))]


def at_p2(number: int, term: int = 2) -> Operation:
    return write(number, pool=P2, term=term)


def test_each_term_has_one_pool() -> None:
    assert serving(write(1), write(2), at_p2(3)) == []
    assert serving(write(1), at_p2(2, term=1)) == ["two servers of a home"]


def test_a_position_is_given_once() -> None:
    assert serving(write(1), write(2, position=1)) == ["duplicated effect"]


def test_a_pool_does_not_go_back_to_a_term_that_it_has_left() -> None:
    assert serving(write(1, term=3), write(2, term=1)) == ["term went back"]


def test_without_a_disaster_no_older_term_is_written_in_once_a_later_one_has_begun() -> None:
    parted = history([write(1), at_p2(2), write(3)])

    assert [one.check for one in check_unparted_serving(parted)] == ["two servers of a home"]
    assert list(check_unparted_serving(history([write(1), at_p2(2), at_p2(3)]))) == []


def test_a_write_under_way_while_the_home_moves_is_no_second_server() -> None:
    slow = write(1, invoked=1.0, completed=9.0)

    assert list(check_unparted_serving(history([slow, at_p2(2)]))) == []


def workers(*samples: object, **other: object) -> list[str]:
    return [one.check for one in check_workers(history([], samples=samples, **other))]


def test_a_generation_has_one_holder_and_never_goes_back() -> None:
    first = sample(pool(P1, holder="fe1", generation=4))
    second = sample(pool(P1, holder="fe2", generation=5))

    assert workers(first, second) == []
    assert workers(second, first) == ["two active workers"]
    assert workers(first, sample(pool(P1, holder="fe2", generation=4))) == ["two active workers"]


def test_sessions_only_grow() -> None:
    newer, older = (sample(pool(P2, sessions={P1: (1, number, 1)})) for number in (5, 4))

    assert workers(older, newer) == []
    assert workers(newer, older) == ["two active workers"]


def tenures(ended: float, *halts: FaultSpan) -> list[str]:
    found = (
        Tenure(front_end="fe1.pool1.lab", generation=1, began=0.0, ended=ended),
        Tenure(front_end="fe2.pool1.lab", generation=2, began=10.0, ended=None),
    )
    return workers(tenures=found, faults=halts)


def test_who_works_on_long_after_somebody_has_taken_over_is_found() -> None:
    assert tenures(11.0) == []
    assert tenures(30.0) == ["two active workers"]


def test_who_was_halted_could_not_know() -> None:
    halted = FaultSpan(fault="pause fe1.pool1.lab", kind="pause", began=5.0, ended=29.0)

    assert tenures(30.0, halted) == []
