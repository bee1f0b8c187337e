"""The exporting end when its own store was lost or restored, and counts lease generations anew."""

from __future__ import annotations

import pytest

from tests.unit.twinpool.protocol.conversation import Exporter, bounds, session
from twinpool.protocol.export_steps import Heard, NoteAttempt, Outgrow, ReadBounds, ReadFailed, Tick
from twinpool.protocol.messages import Refusal, Refused
from twinpool.vocabulary.names import HIGHEST_GENERATION
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
