"""The importing end: what it applies, what it drops, what it says, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.twinpool.protocol.conversation import (
    at,
    batch,
    hear,
    opened_importer,
    piece,
    progress,
    session,
    staging,
)
from twinpool.protocol.importing import (
    Acknowledge,
    Apply,
    Begin,
    BeginStaging,
    Failed,
    ImportAction,
    Importing,
    NoteSession,
    Reply,
    SessionNoted,
    Stage,
    StageChanges,
    SwapIn,
)
from twinpool.protocol.messages import Batch, Open, Opened, Piece, Refusal, Refused, Reopen
from twinpool.vocabulary.names import ORIGIN, Generation, Position, Term
from twinpool.vocabulary.session import Cursor, SessionId


def ask(of: SessionId) -> Open:
    return Open(session=of, oldest=ORIGIN, head=Position(100))


def said(message: Batch | Piece, cursor: Cursor | None) -> Acknowledge:
    lacking = isinstance(message, Batch) and message.is_canary and message.head > message.last
    return Acknowledge(message.session, message.number, cursor, message.digest, proves=not lacking)


def is_complaint(actions: list[ImportAction], of: SessionId) -> bool:
    match actions:
        case [Reply(Reopen(session=complained_of))]:
            return complained_of == of
        case _:
            return False


# ── opening ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_noted_before_it_is_answered() -> None:
    machine = Importing(progress(at(10)), Term(1))
    assert hear(machine, ask(session())) == [NoteSession(session())]
    opened = Opened(session=session(), cursor=at(10), staging=None)
    assert machine.handle(SessionNoted(progress(at(10), session()))) == [Reply(opened)]


def test_a_session_of_a_term_that_was_not_adopted_is_not_answered_but_remembered() -> None:
    machine = Importing(progress(at(10)), Term(1))
    ahead = SessionId(Term(2), Generation(1), 1)
    assert hear(machine, ask(ahead)) == []
    assert machine.higher_term == 2
    assert hear(machine, ask(session())) == [NoteSession(session())]


@pytest.mark.parametrize(("position", "continues"), [(9, True), (10, True), (11, False)])
def test_a_cursor_of_a_lower_term_is_continued_up_to_the_fork_alone(position: int, continues: bool) -> None:
    machine = Importing(progress(at(position)), Term(2), Position(10))
    answer = hear(machine, ask(SessionId(Term(2), Generation(1), 1)))
    assert isinstance(answer[0], NoteSession) is continues
    if not continues:
        match answer:
            case [Reply(Refused(refusal=refusal, reason=reason))]:
                assert refusal is Refusal.IMPORT_FAILED
                assert "past the fork at 10" in reason
            case _:
                pytest.fail(str(answer))


def test_an_open_that_is_heard_twice_is_answered_twice_until_batches_show_that_it_was_heard() -> None:
    machine = opened_importer(at(10))
    opened = Opened(session=session(), cursor=at(10), staging=None)
    assert hear(machine, ask(session())) == [Reply(opened)]
    hear(machine, batch(1, 10, 11))
    assert hear(machine, ask(session())) == []  # A copy that came late must not end a session that runs.


def test_an_older_session_is_refused_and_told_the_newer_one() -> None:
    machine = Importing(progress(at(10), session(2, generation=3)), Term(1))
    match hear(machine, ask(session(9, generation=2))):
        case [Reply(Refused(refusal=refusal, session=of, noted=noted))]:
            assert (refusal, of) == (Refusal.NEWER_SESSION, session(9, generation=2))
            assert noted == session(2, generation=3)
        case other:
            raise AssertionError(other)


def test_an_older_term_is_told_the_newer_one() -> None:
    match hear(Importing(progress(at(10)), Term(2)), ask(session())):
        case [Reply(Refused(refusal=Refusal.HIGHER_TERM, term=term))]:
            assert term == 2
        case other:
            raise AssertionError(other)


def test_a_session_that_a_former_importer_noted_is_begun_anew() -> None:
    machine = Importing(progress(at(10), session()), Term(1))
    assert is_complaint(hear(machine, ask(session())), session())
    assert is_complaint(hear(machine, batch(1, 10, 11)), session())


# ── batches ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_is_applied_and_then_acknowledged() -> None:
    machine, first = opened_importer(at(10)), batch(1, 10, 11, 12)
    assert hear(machine, first) == [Apply(first), said(first, at(12))]


def test_an_unknown_stream_begins_with_its_first_batch() -> None:
    machine, first = opened_importer(), batch(1, 0, 1)
    assert hear(machine, first) == [Begin(session()), Apply(first), said(first, at(1))]


def test_an_empty_stream_begins_with_its_first_canary_lest_foreign_records_stay_in_it() -> None:
    machine, canary = opened_importer(), batch(1, 0)
    assert hear(machine, canary) == [Begin(session()), replace(said(canary, at(0)), proves=True)]
    again = batch(2, 0)
    assert hear(machine, again) == [said(again, at(0))]


def test_a_canary_is_acknowledged_where_the_stream_stands_and_complained_of_elsewhere() -> None:
    machine, canary = opened_importer(at(10)), batch(1, 10)
    assert hear(machine, canary) == [said(canary, at(10))]
    assert is_complaint(hear(machine, batch(2, 11)), session())


def test_a_canary_proves_that_imports_work_only_where_nothing_is_lacking() -> None:
    """A batch that cannot be applied may lie behind it; then the import is still in error."""
    machine = opened_importer(at(10))
    for number, head, proves in ((1, 11, False), (2, 10, True)):
        match hear(machine, replace(batch(number, 10), head=Position(head))):
            case [Acknowledge(proves=said_to_prove)]:
                assert said_to_prove is proves
            case other:
                raise AssertionError(other)


def test_what_is_delivered_twice_is_applied_once() -> None:
    machine, first = opened_importer(at(10)), batch(1, 10, 11)
    hear(machine, first)
    assert hear(machine, first) == []


def test_a_gap_is_complained_of_once_and_again_at_each_canary() -> None:
    machine = opened_importer(at(10))
    assert is_complaint(hear(machine, batch(2, 11, 12)), session())
    assert hear(machine, batch(3, 12, 13)) == []
    assert is_complaint(hear(machine, batch(4, 13)), session())


def test_a_batch_that_does_not_follow_is_not_applied() -> None:
    assert is_complaint(hear(opened_importer(at(10)), batch(1, 11, 12)), session())
    assert is_complaint(hear(opened_importer(), batch(1, 11, 12)), session())


def test_a_damaged_batch_is_not_applied() -> None:
    damaged = replace(batch(1, 10, 11), digest=b"something else")
    assert is_complaint(hear(opened_importer(at(10)), damaged), session())


def test_batches_of_an_older_session_are_dropped_without_a_word() -> None:
    machine = opened_importer(at(10))
    hear(machine, ask(session(2)))
    machine.handle(SessionNoted(progress(at(10), session(2))))
    assert hear(machine, batch(1, 10, 11, of=session(1))) == []
    second = batch(1, 10, 11, of=session(2))
    assert hear(machine, second) == [Apply(second), said(second, at(11))]


def test_batches_of_a_session_that_was_never_asked_for_are_complained_of() -> None:
    assert is_complaint(hear(opened_importer(at(10)), batch(1, 10, 11, of=session(2))), session(2))


# ── failures ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_batch_is_refused_and_nothing_more_of_its_session_is_applied() -> None:
    machine = opened_importer(at(10))
    hear(machine, batch(1, 10, 11))
    refused = Refused(session=session(), refusal=Refusal.IMPORT_FAILED, reason="disk full")
    assert machine.handle(Failed("disk full", progress(at(10), session()))) == [Reply(refused)]
    assert hear(machine, batch(2, 11, 12)) == []
    assert hear(machine, batch(1, 10, 11)) == []


def test_the_refusal_is_said_again_at_each_canary_for_it_may_have_been_lost() -> None:
    machine = opened_importer(at(10))
    hear(machine, batch(1, 10, 11))
    refusal = machine.handle(Failed("disk full", progress(at(10), session())))
    assert hear(machine, batch(2, 11)) == refusal


def test_a_new_session_begins_at_what_the_store_knows_after_a_failure() -> None:
    """A commit whose answer was lost has moved the cursor."""
    machine = opened_importer(at(10))
    hear(machine, batch(1, 10, 11))
    machine.handle(Failed("connection lost", progress(at(11), session())))
    hear(machine, ask(session(2)))
    opened = Opened(session=session(2), cursor=at(11), staging=None)
    assert machine.handle(SessionNoted(progress(at(11), session(2)))) == [Reply(opened)]


# ── signs of life ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sign_of_life_never_acknowledges_what_is_only_being_applied() -> None:
    """While content is fetched for a batch, the acknowledgement before it is repeated, not its own."""
    machine, first, second = opened_importer(at(10)), batch(1, 10, 11), batch(2, 11, 12)
    hear(machine, first)
    assert machine.last_acknowledged == Acknowledge(session(), 0, at(10), b"")
    hear(machine, second)
    assert machine.last_acknowledged == said(first, at(11))


def test_there_is_no_sign_of_life_after_a_failure() -> None:
    machine = opened_importer(at(10))
    hear(machine, batch(1, 10, 11))
    machine.handle(Failed("disk full", progress(at(10), session())))
    assert machine.last_acknowledged is None


# ── snapshots ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_snapshot_is_staged_and_swapped_in_when_it_settles() -> None:
    machine = opened_importer(at(3))
    first, last = piece(1, 20, None, "a", "b"), piece(2, 20, "b", settles_at=21)
    changes, later = batch(3, 20, 21, 22, staged=True), batch(4, 22, 23)
    assert hear(machine, first) == [BeginStaging(first), Stage(first), said(first, at(3))]
    assert hear(machine, last) == [Stage(last), said(last, at(3))]
    assert hear(machine, changes) == [StageChanges(changes), SwapIn(session()), said(changes, at(22))]
    assert hear(machine, later) == [Apply(later), said(later, at(23))]


def test_a_snapshot_of_a_quiet_source_is_swapped_in_with_its_last_piece() -> None:
    machine, only = opened_importer(), piece(1, 20, None, "a", settles_at=20)
    assert hear(machine, only) == [BeginStaging(only), Stage(only), SwapIn(session()), said(only, at(20))]


def test_a_piece_that_does_not_follow_or_is_damaged_is_not_staged() -> None:
    resumed = staging(20, "b")
    assert is_complaint(hear(opened_importer(at(3), resumed), piece(1, 20, "c", "d")), session())
    damaged = replace(piece(1, 20, "b", "d"), digest=b"something else")
    assert is_complaint(hear(opened_importer(at(3), resumed), damaged), session())


def test_a_canary_during_a_snapshot_is_acknowledged_where_the_stream_stood() -> None:
    machine, canary = opened_importer(at(3), staging(20, "b")), batch(1, 20, staged=True)
    assert hear(machine, canary) == [said(canary, at(3))]


def test_a_snapshot_that_settled_before_a_crash_is_swapped_in_before_the_next_session_is_answered() -> None:
    """A crash between the last piece and its swap once left the two ends asking each other for ever."""
    machine = Importing(progress(at(3), session()), Term(1))
    hear(machine, ask(session(2)))
    actions = machine.handle(SessionNoted(progress(at(3), session(2), staging(20, "b", settles_at=20))))
    opened = Opened(session=session(2), cursor=at(20), staging=None)
    assert actions == [SwapIn(session(2)), Reply(opened)]


def test_changes_are_not_staged_before_the_walk_is_complete() -> None:
    machine = opened_importer(at(3), staging(20, "b"))
    assert is_complaint(hear(machine, batch(1, 20, 21, staged=True)), session())


# ── heads ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_that_is_not_applied_tells_all_the_same_what_is_missing() -> None:
    machine = Importing(progress(at(10), session()), Term(1))  # The session was opened before this importer began.
    left_over = batch(1, 10, 12)
    assert is_complaint(hear(machine, left_over), session())
    assert machine.head_heard == left_over.head


def test_what_other_terms_tell_of_their_heads_says_nothing_about_this_one() -> None:
    for other in (1, 3):
        machine = Importing(progress(at(10)), Term(2))
        elsewhere = SessionId(Term(other), Generation(1), 1)
        hear(machine, ask(elsewhere))
        hear(machine, replace(batch(1, 10, 12), session=elsewhere))
        assert machine.head_heard == ORIGIN
