"""The exporting end: sessions, batches, acknowledgements, and what it notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.twinpool.protocol.conversation import (
    Exporter,
    acknowledgement,
    at,
    bounds,
    collected,
    session,
)
from twinpool.protocol.export_steps import (
    Collect,
    Heard,
    LinkDown,
    LinkUp,
    NotDelivered,
    NoteAcknowledged,
    NoteAttempt,
    NoteOpened,
    ReadBounds,
    ReadFailed,
    Send,
    StepDown,
    Tick,
)
from twinpool.protocol.exporting import FIRST_PAUSE, Phase
from twinpool.protocol.messages import Batch, Open, Opened, Refusal, Refused, Reopen
from twinpool.vocabulary.names import Instant, Position, Term
from twinpool.vocabulary.session import SessionId


def refused(of: SessionId, refusal: Refusal = Refusal.IMPORT_FAILED, term: int | None = None) -> Heard:
    known = None if term is None else Term(term)
    return Heard(Refused(session=of, refusal=refusal, reason="disk full", term=known))


def reopen(exporter: Exporter) -> Heard:
    return Heard(Reopen(session=exporter.last_open.session, reason="number 2 is missing"))


def streaming(cursor: int = 10, head: int = 20) -> Exporter:
    exporter = Exporter()
    exporter.opening(bounds(head))
    exporter.opened(at(cursor))
    return exporter


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_link_that_comes_up_leads_to_an_open_that_tells_of_the_log() -> None:
    exporter = Exporter()
    assert exporter.hear(LinkUp()) == [ReadBounds()]
    opening = Open(session=session(1), oldest=Position(5), head=Position(20))
    assert exporter.hear(bounds(20, oldest=5)) == [Send(opening), NoteAttempt(None)]


def test_a_session_begins_where_the_importer_stands() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    assert exporter.opened(at(10)) == [NoteOpened(Position(10))]
    assert exporter.machine.wanted() == Collect(Position(10))


def test_an_unknown_importer_gets_the_whole_log_while_it_is_whole() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    assert exporter.opened(None) == [NoteOpened(Position(0))]
    assert exporter.machine.wanted() == Collect(Position(0))


def test_an_open_without_answer_is_asked_again_in_another_session_after_ever_longer_pauses() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    assert exporter.hear(Tick(), after=FIRST_PAUSE * 0.9) == []
    assert exporter.hear(Tick(), after=FIRST_PAUSE * 0.2) == [ReadBounds()]
    exporter.hear(bounds(20))
    assert exporter.last_open.session == session(2)
    assert exporter.hear(Tick(), after=FIRST_PAUSE * 1.5) == []
    assert exporter.hear(Tick(), after=FIRST_PAUSE) == [ReadBounds()]


def test_the_answer_to_an_older_open_is_not_heard() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    exporter.hear(Tick(), after=FIRST_PAUSE)
    exporter.hear(bounds(20))
    assert exporter.hear(Heard(Opened(session=session(1), cursor=at(10), staging=None))) == []
    assert exporter.machine.wanted() is None


def test_an_importer_with_nothing_to_wait_for_is_sent_a_canary_for_its_proof() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    noted, sent = exporter.opened(at(20))
    assert noted == NoteOpened(Position(20))
    assert isinstance(sent, Send)
    assert isinstance(sent.message, Batch)
    assert sent.message.is_canary


def test_an_empty_stream_is_acknowledged_at_its_origin() -> None:
    """The two ends of an empty stream once disagreed for ever on whether no cursor is the origin."""
    for cursor in (None, at(0)):
        exporter = Exporter()
        exporter.opening(bounds(0))
        exporter.opened(None)
        assert exporter.acknowledged(exporter.last_sent, cursor) == [NoteAcknowledged(Position(0))]
        assert exporter.machine.phase is Phase.STREAMING


# ── streaming ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_batches_are_numbered_and_follow_one_another() -> None:
    exporter = streaming()
    exporter.hear(collected(11, 12, head=20))
    exporter.hear(collected(15, head=20))
    first, second = [message for message in exporter.sent if isinstance(message, Batch)]
    assert (first.number, first.after, first.last) == (1, 10, 12)
    assert (second.number, second.after, second.last) == (2, 12, 15)
    assert second.head == 20


def test_a_full_window_stops_reading_until_an_acknowledgement_makes_room() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    first = exporter.last_sent
    exporter.hear(collected(12, head=20))
    assert exporter.machine.wanted() is None
    assert exporter.acknowledged(first, at(11)) == [NoteAcknowledged(Position(11))]
    assert exporter.machine.wanted() == Collect(Position(12))


def test_one_acknowledgement_covers_all_before_it_and_an_older_one_says_nothing() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    first = exporter.last_sent
    exporter.hear(collected(12, head=20))
    assert exporter.acknowledged(exporter.last_sent, at(12)) == [NoteAcknowledged(Position(12))]
    assert exporter.acknowledged(first, at(11)) == []


def test_an_acknowledgement_of_what_was_never_sent_says_nothing() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    foreign = replace(acknowledgement(exporter.last_sent, at(30)), number=2)
    assert exporter.hear(Heard(foreign)) == []
    assert exporter.acknowledged(exporter.last_sent, at(11)) == [NoteAcknowledged(Position(11))]


def test_an_acknowledgement_of_something_else_ends_the_session_and_is_not_noted() -> None:
    for cursor in (at(12), None):
        exporter = streaming()
        exporter.hear(collected(11, head=20))
        actions = exporter.acknowledged(exporter.last_sent, cursor)
        assert actions == [NoteAttempt("the backup pool applied something else than we sent")]
        assert exporter.machine.phase is Phase.RESTING


def test_an_importer_that_says_nothing_is_sent_canaries_and_then_given_up() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    for _ in range(2):
        sent = exporter.hear(Tick(), after=10.0)
        assert isinstance(exporter.last_sent, Batch)
        assert exporter.last_sent.is_canary
        assert len(sent) == 1
    assert exporter.hear(Tick(), after=10.0) == [NoteAttempt("the backup pool has acknowledged nothing for 30 s")]


def test_canaries_leave_room_in_the_window() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    exporter.hear(Tick(), after=10.0)
    assert exporter.machine.wanted() == Collect(Position(11))


def test_a_log_that_was_pruned_under_the_session_is_not_skipped_over() -> None:
    """Retention may prune what the importer lacks while the stream runs; what is read then lies behind a gap."""
    exporter = streaming()
    assert exporter.hear(collected(18, 19, oldest=17)) == [ReadBounds()]
    exporter.hear(bounds(20, oldest=17))
    exporter.opened(at(10))
    assert exporter.machine.phase is Phase.WALKING


def test_a_log_that_was_pruned_to_its_head_is_noticed_too() -> None:
    exporter = streaming()
    assert exporter.hear(collected(oldest=20, head=20)) == [ReadBounds()]


# ── trouble ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_reopen_is_followed_at_once_and_further_ones_are_failures_with_growing_pauses() -> None:
    exporter = streaming()
    assert exporter.hear(reopen(exporter)) == [ReadBounds()]
    exporter.hear(bounds(20))
    exporter.opened(at(10))
    failure = "the backup pool asks to begin anew again and again: number 2 is missing"
    assert exporter.hear(reopen(exporter)) == [NoteAttempt(failure)]
    assert exporter.hear(Tick(), after=2.1) == [ReadBounds()]


def test_a_first_reopen_after_opens_without_answer_is_no_failure() -> None:
    """The pauses have grown, but nobody has asked to begin anew before."""
    exporter = Exporter()
    exporter.opening(bounds(20))
    exporter.hear(Tick(), after=FIRST_PAUSE)
    exporter.hear(bounds(20))
    exporter.opened(at(10))
    assert exporter.hear(reopen(exporter)) == []


def test_progress_makes_the_next_reopen_quick_again() -> None:
    exporter = streaming()
    exporter.hear(reopen(exporter))
    exporter.hear(bounds(20))
    exporter.opened(at(10))
    exporter.hear(collected(11, head=20))
    exporter.acknowledged(exporter.last_sent, at(11))
    assert exporter.hear(reopen(exporter)) == [ReadBounds()]


def test_words_of_an_older_session_are_not_heard() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    old = exporter.last_sent
    exporter.hear(reopen(exporter))
    exporter.hear(bounds(20))
    exporter.opened(at(10))
    assert exporter.acknowledged(old, at(11)) == []
    assert exporter.hear(refused(old.session)) == []
    assert exporter.hear(NotDelivered(old.session, "no queue")) == []
    assert exporter.machine.phase is Phase.STREAMING


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        (refused(session(1)), "the backup pool refuses: disk full"),
        (NotDelivered(session(1), "no queue"), "not delivered: no queue"),
        (ReadFailed("store gone"), "store gone"),
        (LinkDown("gone"), "no connection to the broker: gone"),
    ],
    ids=["refused", "not delivered", "store", "link"],
)
def test_trouble_is_noted_and_ends_the_session(event: Heard, failure: str) -> None:
    exporter = streaming()
    assert exporter.hear(event) == [NoteAttempt(failure)]
    assert exporter.machine.wanted() is None


def test_a_failure_stands_until_a_batch_is_acknowledged_whatever_canaries_say() -> None:
    """A canary ahead of the batch that cannot be applied would be acknowledged, and hide the failure."""
    exporter = streaming()
    exporter.hear(refused(session(1)))
    exporter.hear(Tick(), after=FIRST_PAUSE)
    exporter.hear(bounds(20))
    exporter.opened(at(10))
    exporter.hear(Tick(), after=10.0)
    canary = exporter.last_sent
    assert exporter.acknowledged(canary, at(10)) == []
    exporter.hear(collected(11, head=20))
    assert exporter.acknowledged(exporter.last_sent, at(11)) == [NoteAcknowledged(Position(11))]


def test_a_failure_of_the_exporter_before_is_cured_likewise() -> None:
    exporter = Exporter(failing=True)
    exporter.opening(bounds(20))
    exporter.opened(at(10))
    exporter.hear(Tick(), after=10.0)
    assert exporter.acknowledged(exporter.last_sent, at(10)) == []


def test_a_failure_is_cured_by_a_canary_where_nothing_is_left_to_send() -> None:
    exporter = Exporter()
    exporter.hear(LinkUp())
    exporter.hear(LinkDown("gone"))
    exporter.opening(bounds(20))
    exporter.opened(at(20))
    assert exporter.acknowledged(exporter.last_sent, at(20)) == [NoteAcknowledged(Position(20))]


def test_a_sign_of_life_refreshes_the_proof_and_nothing_else() -> None:
    exporter = streaming()
    exporter.hear(collected(11, head=20))
    sign = replace(acknowledgement(exporter.last_sent, at(10)), number=0, digest=b"")
    assert exporter.hear(Heard(sign), after=25.0) == [NoteAcknowledged(Position(10))]
    assert exporter.hear(Tick(), after=9.0) == []  # Neither silence nor a canary: it was just heard.


def test_an_acknowledgement_that_is_shown_again_is_no_sign_of_life() -> None:
    """A broker that withholds the partner's words and repeats an old one must not keep a state green."""
    exporter = streaming()
    exporter.hear(collected(11, head=11))
    told = acknowledgement(exporter.last_sent, at(11))
    assert exporter.hear(Heard(told)) == [NoteAcknowledged(Position(11))]

    assert exporter.hear(Heard(told), after=25.0) == []
    later = replace(told, imported_at=Instant(told.imported_at + 1))
    assert exporter.hear(Heard(later)) == [NoteAcknowledged(Position(11))]


def test_a_higher_term_ends_it_for_good() -> None:
    exporter = streaming()
    actions = exporter.hear(refused(session(1), Refusal.HIGHER_TERM, term=2))
    assert actions == [NoteAttempt("disk full"), StepDown(Term(2))]
    for event in (LinkDown("gone"), LinkUp(), Tick(), bounds(20)):
        assert exporter.hear(event, after=60.0) == []
    assert exporter.machine.phase is Phase.ENDED


def test_a_partner_ahead_of_our_log_is_not_overwritten_and_said_only_when_seen_twice() -> None:
    """Once may be a former active front end that woke up late and sent what was committed since we looked."""
    exporter = Exporter()
    exporter.opening(bounds(20))
    assert exporter.opened(at(21)) == [ReadBounds()]
    exporter.hear(bounds(20))
    failed, noted = exporter.opened(at(21))
    assert noted == NoteOpened(Position(0))
    assert isinstance(failed, NoteAttempt)
    assert failed.failure is not None
    assert "ahead of our log at 20" in failed.failure
    assert exporter.machine.wanted() is None


def test_a_partner_that_was_ahead_for_a_moment_only_is_no_failure() -> None:
    exporter = Exporter()
    exporter.opening(bounds(20))
    exporter.opened(at(21))
    exporter.hear(bounds(21))
    assert NoteOpened(Position(21)) in exporter.opened(at(21))
