"""The rule about missing positions, without a server. Numbers: positions are small, transaction ids are above 100."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twinpool.stores.postgresql.gaps import Break, Gaps, breaks
from twinpool.vocabulary.names import ORIGIN, Position


def at(*numbers: int) -> list[Position]:
    return [Position(number) for number in numbers]


def gap(before: int, behind: int) -> Break:
    return Break(before=Position(before), behind=Position(behind))


def test_consecutive_positions_have_no_break() -> None:
    assert list(breaks(Position(4), at(5, 6, 7))) == []


def test_nothing_has_no_break() -> None:
    assert list(breaks(Position(4), [])) == []


def test_each_place_where_positions_are_missing_is_a_break() -> None:
    assert list(breaks(ORIGIN, at(2, 3, 7, 9))) == [gap(0, 2), gap(3, 7), gap(7, 9)]


def test_a_gap_is_open_when_it_is_first_seen() -> None:
    assert Gaps().first_open([gap(3, 5)], xmin=200) == gap(3, 5)


def test_a_gap_is_open_while_a_transaction_below_the_bound_runs() -> None:
    gaps = Gaps()
    gaps.note(Position(5), 110)

    assert gaps.first_open([gap(3, 5)], xmin=109) == gap(3, 5)


def test_a_gap_is_passed_over_once_every_transaction_below_the_bound_has_ended() -> None:
    gaps = Gaps()
    gaps.note(Position(5), 110)

    assert gaps.first_open([gap(3, 5)], xmin=110) is None


def test_a_watermark_decides_nothing_about_what_lies_behind_it() -> None:
    gaps = Gaps()
    gaps.note(Position(5), 110)

    assert gaps.first_open([gap(3, 5), gap(6, 8)], xmin=500) == gap(6, 8)


def test_a_gap_that_a_late_commit_has_split_is_still_decided_by_the_same_watermark() -> None:
    gaps = Gaps()
    gaps.note(Position(9), 110)

    assert gaps.is_known(gap(3, 5))
    assert gaps.is_known(gap(5, 9))
    assert gaps.first_open([gap(3, 5), gap(5, 9)], xmin=110) is None


def test_an_older_snapshot_is_not_judged_by_what_a_newer_one_has_decided() -> None:
    """Two threads read; the one with the older snapshot comes last and lacks what was committed in between."""
    gaps = Gaps()
    gaps.note(Position(5), 110)
    assert gaps.first_open([], xmin=120) is None

    assert gaps.first_open([gap(3, 5)], xmin=105) == gap(3, 5)


def test_a_bound_that_was_drawn_out_of_turn_is_not_taken() -> None:
    gaps = Gaps()
    gaps.note(Position(9), 120)
    gaps.note(Position(7), 130)

    assert gaps.first_open([gap(3, 7)], xmin=120) is None


def test_what_is_decided_stays_decided() -> None:
    gaps = Gaps()
    gaps.note(Position(5), 110)
    assert gaps.first_open([gap(3, 5)], xmin=111) is None
    gaps.note(Position(8), 130)

    assert gaps.first_open([gap(3, 5)], xmin=112) is None
    assert gaps.first_open([gap(3, 5), gap(6, 8)], xmin=112) == gap(6, 8)


@given(after=st.integers(0, 5), steps=st.lists(st.integers(1, 4), max_size=30))
def test_breaks_cover_exactly_the_missing_positions(after: int, steps: list[int]) -> None:
    positions = [Position(after + sum(steps[: end + 1])) for end in range(len(steps))]

    missing = {
        number for found in breaks(Position(after), positions) for number in range(found.before + 1, found.behind)
    }

    assert missing == set(range(after + 1, positions[-1] if positions else after)) - set(positions)
