"""Counting a long backlog once, without a server."""

from __future__ import annotations

from twinpool.stores.postgresql.backlog import SPAN, Backlog
from twinpool.vocabulary.names import Position


def test_a_short_backlog_has_no_middle_to_remember() -> None:
    middle = Backlog().middle(Position(3), Position(SPAN))

    assert middle.begin == middle.end
    assert middle.missing is None


def test_the_middle_of_a_backlog_is_counted_once() -> None:
    backlog = Backlog()
    assert backlog.middle(Position(3), Position(4 * SPAN)).missing == (1, 4)
    backlog.learn((1, 4), [(1, 10, 100), (3, 7, 70)])

    middle = backlog.middle(Position(3), Position(4 * SPAN))

    assert (middle.begin, middle.end) == (SPAN, 4 * SPAN)
    assert (middle.changes, middle.bytes, middle.missing) == (17, 170, None)


def test_only_what_has_been_added_to_a_backlog_is_counted_next() -> None:
    backlog = Backlog()
    backlog.learn((1, 4), [(1, 10, 100), (3, 7, 70)])

    middle = backlog.middle(Position(SPAN), Position(6 * SPAN))

    assert middle.missing == (4, 6)
    assert middle.changes == 7
