"""What a front end remembers of the way of changes."""

from __future__ import annotations

from twinpool.ports.broker import Outcome
from twinpool.vocabulary.change import Change, Committed
from twinpool.vocabulary.names import Generation, Home, Instant, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import AcknowledgementHeard, BatchSent, BatchSettled
from twinpool_services.telemetry import Journal
from twinpool_services.telemetry.journal import MOST_WRITES

STREAM = Stream(Home("pool1.lab"), ModuleName("UserServices.PresenceFocus"))
ROUTE = Route(STREAM, PoolFqdn("pool2.lab"))


def session(number: int) -> SessionId:
    return SessionId(Term(1), Generation(3), number)


def sent(number: int, after: int, last: int, of: int = 1) -> BatchSent:
    return BatchSent(
        route=ROUTE,
        session=session(of),
        number=number,
        after=Position(after),
        last=Position(last),
        changes=last - after,
        payload_bytes=1,
        wire_bytes=1,
    )


def heard(number: int, position: int, of: int = 1) -> AcknowledgementHeard:
    return AcknowledgementHeard(
        route=ROUTE, session=session(of), number=number, position=Position(position), imported_at=Instant(55.0)
    )


def test_an_acknowledgement_covers_all_batches_of_its_session_up_to_its_number() -> None:
    journal = Journal(clock=lambda: 60.0)
    for each in (sent(1, 0, 3), sent(2, 3, 5), sent(3, 5, 9)):
        journal.note(each)

    journal.note(heard(2, 5))

    (second,), (third,) = (journal.batches_with(STREAM, Position(at)) for at in (4, 6))
    assert (second.acknowledged_at, second.imported_at) == (60.0, 55.0)
    assert third.acknowledged_at is None


def test_a_batch_that_was_sent_again_is_remembered_as_often_and_acknowledged_once() -> None:
    journal = Journal(clock=lambda: 60.0)
    journal.note(sent(1, 0, 3))
    journal.note(sent(1, 0, 3, of=2))

    journal.note(heard(1, 3, of=2))

    first, again = journal.batches_with(STREAM, Position(2))
    assert (first.session, first.acknowledged_at) == (session(1), None)
    assert (again.session, again.acknowledged_at) == (session(2), 60.0)


def test_a_confirm_may_be_heard_before_it_is_known_what_was_sent() -> None:
    journal = Journal(clock=lambda: 60.0)
    journal.note(BatchSettled(route=ROUTE, session=session(1), number=1, outcome=Outcome.CONFIRMED, seconds=0.1))

    journal.note(sent(1, 0, 3))

    (batch,) = journal.batches_with(STREAM, Position(1))
    assert (batch.outcome, batch.last) == ("confirmed", 3)


def test_writes_are_found_by_record_newest_first_and_the_oldest_are_forgotten() -> None:
    journal = Journal()
    for position in range(1, MOST_WRITES + 2):
        key = "bob" if position in {1, 5, 9} else "carol"
        committed = Committed(position=Position(position), term=Term(1), at=Instant(0.0))
        journal.wrote(STREAM, (Change("alice", key, None if position == 9 else b""),), committed)

    found = journal.writes_of(STREAM, "alice", "bob")

    assert [(each.position, each.deletes) for each in found] == [(9, True), (5, False)]
    assert journal.kept().writes == MOST_WRITES
