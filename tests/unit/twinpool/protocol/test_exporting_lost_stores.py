"""The exporting end when its own store was lost or restored, and counts lease generations anew."""

from __future__ import annotations

import pytest

from tests.unit.twinpool.protocol.conversation import Exporter, at, bounds, session, staging, walked
from twinpool.protocol.export_steps import (
    Heard,
    NoteAcknowledged,
    NoteAttempt,
    NoteOpened,
    Outgrow,
    ReadBounds,
    ReadFailed,
    SyncAsked,
    Tick,
)
from twinpool.protocol.messages import Refusal, Refused
from twinpool.vocabulary.names import HIGHEST_GENERATION, ORIGIN, Position
from twinpool.vocabulary.session import SessionId


def outnumbered(of: SessionId, noted: SessionId | None) -> Heard:
    return Heard(Refused(session=of, refusal=Refusal.NEWER_SESSION, reason="too old", noted=noted))


@pytest.mark.parametrize("noted", [session(1, generation=7), session(9), session(1, generation=HIGHEST_GENERATION)])
def test_a_session_of_ours_that_our_store_knows_nothing_of_is_outgrown(noted: SessionId) -> None:
    """Our store was lost or restored, and counts its generations anew; else nothing would ever be accepted again."""
    exporter = Exporter()
    opening = exporter.opening(bounds(20))
    failed, outgrow = exporter.hear(outnumbered(opening, noted))
    assert outgrow == Outgrow(noted.generation)
    assert isinstance(failed, NoteAttempt)
    assert failed.failure is not None
    assert f"has noted session {noted} of ours" in failed.failure


def test_it_is_outgrown_once_and_again_only_when_that_could_not_be_noted() -> None:
    exporter, newer = Exporter(), session(1, generation=7)
    opening = exporter.opening(bounds(20))
    exporter.hear(outnumbered(opening, newer))
    for trouble, expected in ((Tick(), []), (ReadFailed("store gone"), [Outgrow(newer.generation)])):
        exporter.hear(trouble)
        assert exporter.hear(Tick(), after=20.0) == [ReadBounds()]
        exporter.hear(bounds(20))
        _failed, *outgrow = exporter.hear(outnumbered(exporter.last_open.session, newer))
        assert outgrow == expected


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        (None, "the backup pool refuses: too old"),
        (session(1, generation=7, term=2), "the backup pool refuses: too old"),
        (session(1, generation=0), "lost or restored"),
        (session(1, generation=HIGHEST_GENERATION + 1), "too high to be true"),
    ],
    ids=["not told", "of another term", "not newer", "impossibly high"],
)
def test_what_cannot_or_need_not_be_outgrown_is_a_failure_alone(noted: SessionId | None, said: str) -> None:
    exporter = Exporter()
    (failed,) = exporter.hear(outnumbered(exporter.opening(bounds(20)), noted))
    assert isinstance(failed, NoteAttempt)
    assert failed.failure is not None
    assert said in failed.failure


def test_an_empty_store_whose_partner_is_ahead_is_in_error_before_the_origin_is_noted() -> None:
    """The origin alone, where the log is empty too, would for a moment look as if everything were there."""
    exporter = Exporter()
    exporter.opening(bounds(0))
    exporter.opened(at(7))
    exporter.hear(bounds(0))
    failed, noted = exporter.opened(at(7))
    assert isinstance(failed, NoteAttempt)
    assert noted == NoteOpened(ORIGIN)


def test_a_partner_ahead_that_is_sent_everything_anew_is_an_error_until_a_piece_is_there() -> None:
    exporter = Exporter()
    exporter.hear(SyncAsked(full=True))
    exporter.opening(bounds(0))
    assert exporter.opened(at(7)) == [
        NoteAttempt("the backup pool stands at 7, ahead of our log at 0: everything is being sent anew"),
        NoteOpened(ORIGIN),
    ]
    exporter.hear(walked(settles_at=0))
    assert exporter.acknowledged(exporter.last_sent, at(0)) == [NoteAcknowledged(ORIGIN)]


def test_where_the_partner_stands_proves_nothing_while_it_is_replaced() -> None:
    """It stood at our head by chance, with the changes of another history, and `FinalState` was reported."""
    exporter = Exporter()
    exporter.hear(SyncAsked(full=True))
    exporter.opening(bounds(20))
    assert exporter.opened(at(20)) == [NoteOpened(ORIGIN)]
    exporter.hear(walked("a"))
    assert exporter.acknowledged(exporter.last_sent, at(20)) == [NoteAcknowledged(ORIGIN)]
    exporter.hear(walked(settles_at=20))
    assert exporter.acknowledged(exporter.last_sent, at(20)) == [NoteAcknowledged(Position(20))]


def test_where_the_partner_stands_proves_nothing_while_a_snapshot_is_resumed() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    assert exporter.opened(at(20), staging(20, "a")) == [NoteOpened(ORIGIN)]
