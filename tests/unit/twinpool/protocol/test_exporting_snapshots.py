"""The exporting end where the log does not suffice: snapshots, resumed ones, and full syncs."""

from __future__ import annotations

from tests.unit.twinpool.protocol.conversation import Exporter, at, bounds, collected, staging, walked
from twinpool.protocol.export_steps import (
    Collect,
    LinkDown,
    LinkUp,
    NoteAcknowledged,
    ReadBounds,
    SyncAsked,
    Tick,
    Walk,
)
from twinpool.protocol.exporting import Limits, Phase
from twinpool.protocol.messages import Batch, Piece
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.names import Position
from twinpool.vocabulary.session import Cursor, Staging


def answered(cursor: Cursor | None, staged: Staging | None = None, *, head: int = 20, oldest: int = 15) -> Exporter:
    exporter = Exporter()
    exporter.opening(bounds(head, oldest=oldest))
    exporter.opened(cursor, staged)
    return exporter


def again(exporter: Exporter, cursor: Cursor | None, staged: Staging | None = None, oldest: int = 0) -> None:
    """Cut the link and open another session."""
    exporter.hear(LinkDown("gone"))
    exporter.hear(LinkUp())
    exporter.hear(bounds(20, oldest=oldest))
    exporter.opened(cursor, staged)


def last_piece(exporter: Exporter) -> Piece:
    assert isinstance(exporter.last_sent, Piece)
    return exporter.last_sent


def test_a_cursor_older_than_the_log_or_unknown_begins_with_a_snapshot() -> None:
    for cursor in (at(14), None):
        exporter = answered(cursor)
        assert exporter.machine.wanted() == Walk(None)
        exporter.hear(walked("a", "b"))
        assert last_piece(exporter).begins
        assert last_piece(exporter).position == 20
        assert exporter.machine.wanted() == Walk(RecordKey("ann", "b"))


def test_a_cursor_at_the_very_edge_of_the_log_needs_none() -> None:
    assert answered(at(15)).machine.wanted() == Collect(Position(15))


def test_changes_of_the_time_of_the_walk_go_to_the_staged_records_and_later_ones_do_not() -> None:
    exporter = answered(None)
    exporter.hear(walked("a"))
    exporter.hear(walked(settles_at=22))
    assert exporter.machine.phase is Phase.STREAMING
    exporter.machine.limits = Limits(window=10)
    exporter.hear(collected(21, head=25))
    exporter.hear(collected(22, 23, head=25))
    exporter.hear(collected(24, head=25))
    assert [message.staged for message in exporter.sent if isinstance(message, Batch)] == [True, True, False]


def test_early_pieces_of_a_quiet_source_are_acknowledged_while_the_partner_stands_where_it_stood() -> None:
    """When the walk had ended at the position where it began, the first pieces once seemed to be swapped in already."""
    exporter = answered(at(3))
    exporter.hear(walked("a"))
    first = exporter.last_sent
    exporter.hear(walked(settles_at=20))
    assert exporter.acknowledged(first, at(3)) == [NoteAcknowledged(Position(3))]
    assert exporter.acknowledged(exporter.last_sent, at(20)) == [NoteAcknowledged(Position(20))]


def test_a_canary_in_the_middle_of_a_walk_says_nothing_of_the_partners_cursor() -> None:
    exporter = answered(at(3))
    exporter.hear(walked("a"))
    exporter.hear(Tick(), after=10.0)
    canary = exporter.last_sent
    assert isinstance(canary, Batch)
    assert canary.is_canary
    assert canary.staged
    assert exporter.acknowledged(canary, at(3)) == [NoteAcknowledged(Position(3))]
    assert exporter.machine.phase is Phase.WALKING


def test_an_unfinished_snapshot_is_resumed_where_it_stopped() -> None:
    exporter = answered(at(3), staging(16, "m"))
    assert exporter.machine.wanted() == Walk(RecordKey("ann", "m"))
    exporter.hear(walked("n"))
    assert not last_piece(exporter).begins
    assert last_piece(exporter).position == 16
    assert last_piece(exporter).walked_from == RecordKey("ann", "m")


def test_a_snapshot_whose_walk_is_complete_is_resumed_with_its_changes() -> None:
    exporter = answered(at(3), staging(16, "m", settles_at=18))
    assert exporter.machine.wanted() == Collect(Position(16))
    exporter.hear(collected(17, 18, head=20, oldest=15))
    assert isinstance(exporter.last_sent, Batch)
    assert exporter.last_sent.staged
    assert exporter.acknowledged(exporter.last_sent, at(18)) == [NoteAcknowledged(Position(18))]


def test_a_snapshot_that_the_log_has_lost_is_begun_anew() -> None:
    assert answered(None, staging(14, "m")).machine.wanted() == Walk(None)


def test_a_snapshot_ahead_of_our_log_is_begun_anew_lest_it_be_taken_up_later() -> None:
    for staged in (staging(21, "m"), staging(16, "m", settles_at=21)):
        exporter = answered(at(16), staged)
        assert exporter.machine.wanted() == Walk(None)
        exporter.hear(walked("a"))
        assert last_piece(exporter).begins


def test_a_full_sync_sends_everything_anew_though_the_log_would_do() -> None:
    exporter = answered(at(20), oldest=0)
    assert exporter.hear(SyncAsked(full=True)) == [ReadBounds()]
    exporter.hear(bounds(20))
    exporter.opened(at(20))
    assert exporter.machine.wanted() == Walk(None)


def test_an_ordinary_sync_asks_for_a_fresh_proof() -> None:
    exporter = answered(at(20), oldest=0)
    assert exporter.hear(SyncAsked(full=False)) == [ReadBounds()]
    exporter.hear(bounds(20))
    exporter.opened(at(20))
    assert exporter.machine.wanted() == Collect(Position(20))


def test_a_full_sync_is_remembered_while_the_link_is_down() -> None:
    exporter = Exporter()
    assert exporter.hear(SyncAsked(full=True)) == []
    exporter.opening(bounds(20))
    exporter.opened(at(20))
    assert exporter.machine.wanted() == Walk(None)


def test_a_full_sync_that_was_cut_before_its_first_piece_arrived_is_not_forgotten() -> None:
    exporter = answered(at(20), oldest=0)
    exporter.hear(SyncAsked(full=True))
    exporter.hear(bounds(20))
    exporter.opened(at(20))
    exporter.hear(walked("a"))
    again(exporter, at(20))
    assert exporter.machine.wanted() == Walk(None)


def test_a_full_sync_that_was_cut_in_the_middle_is_resumed_even_if_the_partner_is_ahead() -> None:
    exporter = Exporter()
    exporter.hear(SyncAsked(full=True))
    exporter.opening(bounds(20))
    exporter.opened(at(30))
    exporter.hear(walked("a"))
    exporter.acknowledged(exporter.last_sent, at(30))
    again(exporter, at(30), staging(20, "a"))
    assert exporter.machine.wanted() == Walk(RecordKey("ann", "a"))


def test_a_full_sync_is_done_once() -> None:
    exporter = Exporter()
    exporter.hear(SyncAsked(full=True))
    exporter.opening(bounds(20))
    exporter.opened(at(20))
    exporter.hear(walked("a"))
    exporter.hear(walked(settles_at=20))
    exporter.acknowledged(exporter.last_sent, at(20))
    again(exporter, at(20))
    assert exporter.machine.wanted() == Collect(Position(20))
