"""The coordinator of a planned failover, step by step."""

from __future__ import annotations

from dataclasses import replace

from twinpool.failover.coordinating import (
    PATIENCE,
    Coordinating,
    CoordinatingAction,
    CoordinatingEvent,
    CursorsRead,
    Heard,
    ReadCursors,
    Save,
    TakeOver,
    Tell,
    Tick,
    TookOver,
    Verify,
)
from twinpool.failover.messages import Abort, HandOver, Quiesce, Quiesced, VerificationTold
from twinpool.failover.operation import Kind, Operation, OperationId, Options, Step, Verification
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term

SOURCE, TARGET, HOME = PoolFqdn("p1"), PoolFqdn("p2"), Home("p1")
MODULE = ModuleName("M")
ID = OperationId("one")
STATUS = HomeStatus(home=HOME, term=Term(1), serving_pool=SOURCE, mode=Mode.READ_WRITE)
HEADS = ((MODULE, Position(7)),)
OPERATION = Operation(
    id=ID,
    kind=Kind.PLANNED,
    home=HOME,
    source=SOURCE,
    target=TARGET,
    term=Term(2),
    modules=(MODULE,),
    options=Options(wait_time=10.0),
).at(Step.REQUESTED, Instant(0.0))


class Coordinator:
    """A machine and its clock."""

    def __init__(self, operation: Operation = OPERATION) -> None:
        self.machine = Coordinating(operation)
        self.now = 0.0

    def hears(self, event: CoordinatingEvent, *, after: float = 0.0) -> list[CoordinatingAction]:
        self.now += after
        return self.machine.handle(event, STATUS, Instant(self.now))

    def at_the_heads(self) -> list[CoordinatingAction]:
        self.hears(Tick())
        self.hears(Heard(Quiesced(operation=ID, heads=HEADS)))
        return self.hears(CursorsRead(HEADS))

    def told(self, verification: Verification, detail: str = "", *, after: float = 0.0) -> list[CoordinatingAction]:
        message = VerificationTold(operation=ID, verification=verification, detail=detail)
        return self.hears(Heard(message), after=after)


def test_it_begins_with_a_source_that_takes_no_writes() -> None:
    assert Coordinator().hears(Tick()) == [Tell(Quiesce(operation=ID, term=Term(2), patience=PATIENCE))]


def test_between_two_words_to_the_source_it_looks_where_its_imports_stand() -> None:
    coordinator = Coordinator()
    coordinator.hears(Tick())
    coordinator.hears(Heard(Quiesced(operation=ID, heads=HEADS)))
    assert coordinator.hears(Tick(), after=0.1) == [ReadCursors()]


def test_between_two_words_to_the_source_it_asks_what_has_come_of_comparing() -> None:
    coordinator = Coordinator()
    coordinator.at_the_heads()
    assert coordinator.hears(Tick(), after=0.1) == [Verify()]


def test_what_stands_below_the_heads_is_waited_for() -> None:
    coordinator = Coordinator()
    coordinator.hears(Tick())
    coordinator.hears(Heard(Quiesced(operation=ID, heads=HEADS)))
    assert coordinator.hears(CursorsRead(((MODULE, Position(6)),))) == []
    assert coordinator.machine.operation.step is Step.QUIESCED


def test_both_are_compared_before_the_home_is_asked_for() -> None:
    coordinator = Coordinator()
    assert coordinator.at_the_heads()[-1] == Verify()
    said = coordinator.told(Verification.PASSED)
    assert said[-1] == Tell(HandOver(operation=ID, term=Term(2), heads=HEADS))
    # Durable before it is said: the source may give up, and only its word leads back then.
    assert isinstance(said[-2], Save)
    assert said[-2].operation.step is Step.HANDING_OVER
    assert coordinator.machine.operation.verification is Verification.PASSED


def test_the_home_is_asked_for_at_once_if_nobody_wants_to_compare() -> None:
    skipping = replace(OPERATION, options=replace(OPERATION.options, skip_verification=True))
    coordinator = Coordinator(skipping)
    assert coordinator.at_the_heads()[-1] == Tell(HandOver(operation=ID, term=Term(2), heads=HEADS))
    assert coordinator.machine.operation.verification is Verification.SKIPPED


def test_records_that_differ_keep_the_home_where_it_is() -> None:
    coordinator = Coordinator()
    coordinator.at_the_heads()
    said = coordinator.told(Verification.FAILED, "2 records")
    assert said[-1] == Tell(Abort(operation=ID, term=Term(2), reason="the pools' records differ: 2 records"))
    assert coordinator.machine.operation.step is Step.ABORTING


def test_comparing_may_take_long_while_the_source_says_that_it_is_at_it() -> None:
    coordinator = Coordinator()
    coordinator.at_the_heads()
    for _ in range(5):
        assert coordinator.told(Verification.OUTSTANDING, after=8.0) == []
        assert Verify() in coordinator.hears(Tick(), after=1.0)
    assert coordinator.machine.operation.step is Step.DRAINED


def test_comparing_in_silence_comes_to_an_end() -> None:
    coordinator = Coordinator()
    coordinator.at_the_heads()
    coordinator.told(Verification.OUTSTANDING, after=5.0)
    coordinator.hears(Tick(), after=11.0)
    assert coordinator.machine.operation.step is Step.ABORTING


def test_a_late_word_of_another_operation_is_none_of_ours() -> None:
    coordinator = Coordinator()
    coordinator.at_the_heads()
    other = VerificationTold(operation=OperationId("other"), verification=Verification.PASSED)
    assert coordinator.hears(Heard(other)) == []


def test_a_home_that_was_inherited_before_the_answer_was_heard_is_noted_as_handed_over() -> None:
    """The source's standing tells that it has given up, and may come before its answer."""
    coordinator = Coordinator(replace(OPERATION, step=Step.HANDING_OVER))
    inherited = replace(STATUS, serving_pool=TARGET, term=OPERATION.term)

    assert coordinator.machine.handle(Tick(), inherited, Instant(1.0)) == [TakeOver(coordinator.machine.operation)]
    saved = [each.operation.step for each in coordinator.hears(TookOver(())) if isinstance(each, Save)]
    assert saved == [Step.HANDED_OVER, Step.SERVING]


def test_a_home_whose_answer_was_heard_is_noted_as_handed_over_once() -> None:
    coordinator = Coordinator(replace(OPERATION, step=Step.HANDED_OVER))
    saved = [each.operation.step for each in coordinator.hears(TookOver(())) if isinstance(each, Save)]
    assert saved == [Step.SERVING]


def test_in_a_disaster_nobody_hands_over() -> None:
    coordinator = Coordinator(replace(OPERATION, kind=Kind.DISASTER, step=Step.DRAINED))
    saved = [each.operation.step for each in coordinator.hears(TookOver(())) if isinstance(each, Save)]
    assert saved == [Step.SERVING, Step.DONE]
