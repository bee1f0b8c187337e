"""One letter is opened ahead of what is being applied, no more; and nothing that was read is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from tests.pairs import eventually
from tests.unit.twinpool.wire.samples import delivery, envelope
from twinpool.ports.broker import Delivery
from twinpool.protocol.messages import Batch, Open, digest_of_change_sets
from twinpool.vocabulary.change import Change, ChangeSet
from twinpool.vocabulary.lease import Lease
from twinpool.vocabulary.names import FrontEndName, Generation, Instant, Position, Term
from twinpool.vocabulary.session import ImportProgress, SessionId
from twinpool.wire import Envelope, decode, encode, encode_changes
from twinpool_services.backup.importer import Importer, Prepared
from twinpool_services.backup.inbox import Inbox
from twinpool_services.backup.opening import Opening
from twinpool_services.backup.post import PostOffice
from twinpool_services.backup.tenure import Tenure

SOON, A_WHILE = 5.0, 0.2  #: seconds
OPEN_SESSION, OLDER_SESSION = SessionId(Term(2), Generation(3), 1), SessionId(Term(2), Generation(2), 9)


def letter(number: int, session: SessionId = OPEN_SESSION) -> Delivery:
    payload = encode_changes([Change("ada", f"contact-{number}", b"v")])
    change_sets = (ChangeSet(Position(number), Instant(1.0), 1, payload),)
    batch = Batch(
        session=session,
        number=number,
        after=Position(number - 1),
        last=Position(number),
        head=Position(9),
        staged=False,
        change_sets=change_sets,
        digest=digest_of_change_sets(change_sets),
    )
    return replace(delivery(encode(envelope(batch))), tag=number)


class Post:
    """Opens letters, and remembers which, and which were settled."""

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.settled: list[int] = []

    def open(self, delivery: Delivery) -> Envelope:
        self.opened.append(delivery.tag)
        return decode(delivery)

    def settle(self, delivery: Delivery) -> None:
        self.settled.append(delivery.tag)


def prepare(batch: Batch) -> Prepared:
    return Prepared(batch, (), ())


class Desk:
    """An opening at work, and what it works with."""

    def __init__(self) -> None:
        self.post, self.inbox = Post(), Inbox[Delivery]()
        self.tenure = Tenure(Lease(holder=FrontEndName("fe1"), generation=Generation(1), expires_at=Instant(0.0)))
        progress = ImportProgress(cursor=None, session=OPEN_SESSION, staging=None)
        importer = SimpleNamespace(machine=SimpleNamespace(progress=progress), prepare=prepare)
        self.opening = Opening(self.inbox, cast("Importer", importer), cast("PostOffice", self.post), self.tenure)
        self.thread = threading.Thread(target=self.opening.run)

    def taken(self) -> tuple[int, bytes, bool]:
        """Take the next letter: its tag, what is kept of its body, and whether it was prepared."""
        found = self.opening.take(SOON)
        assert found is not None
        return found.delivery.tag, found.delivery.body, found.prepared is not None

    def opened_in_the_end(self, awaited: list[int]) -> list[int]:
        """Wait until some letters have been opened, and a while longer; return which were."""
        eventually(lambda: self.post.opened[: len(awaited)] == awaited, f"{awaited} opened")
        threading.Event().wait(A_WHILE)
        return self.post.opened


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.thread.start()
    yield desk
    desk.tenure.end("the test is over")
    desk.thread.join(SOON)
    assert not desk.thread.is_alive()


def test_letters_come_in_their_order_prepared_and_without_their_bodies(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.inbox.put(letter(number))
    assert [desk.taken() for _ in range(3)] == [(1, b"", True), (2, b"", True), (3, b"", True)]


def test_no_letter_is_opened_before_the_one_ahead_of_it_was_taken(desk: Desk) -> None:
    for number in (1, 2, 3):
        desk.inbox.put(letter(number))
    assert desk.opened_in_the_end([1]) == [1]

    assert desk.taken()[0] == 1
    assert desk.opened_in_the_end([1, 2]) == [1, 2]
    assert len(desk.inbox) == 1


def test_a_batch_of_an_older_session_is_settled_unread_and_takes_no_room(desk: Desk) -> None:
    desk.inbox.put(letter(1, OLDER_SESSION))
    desk.inbox.put(letter(2))
    assert desk.taken()[0] == 2
    assert (desk.post.settled, desk.post.opened) == ([1], [2])


def test_what_is_no_batch_is_handed_on_without_being_prepared(desk: Desk) -> None:
    message = Open(session=OPEN_SESSION, oldest=Position(0), head=Position(1))
    desk.inbox.put(replace(delivery(encode(envelope(message))), tag=7))
    assert desk.taken() == (7, b"", False)
