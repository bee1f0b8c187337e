"""The source of a planned failover: what it does, what it refuses, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twinpool.failover.messages import (
    Abort,
    Aborted,
    HandedOver,
    HandOver,
    Objected,
    Objection,
    Quiesce,
    Quiesced,
    ToSource,
)
from twinpool.failover.operation import Engaged, Engagement, OperationId
from twinpool.failover.quiescing import (
    AbortAsked,
    GaveUp,
    GiveUp,
    HeadsRead,
    Heard,
    Keep,
    Quiescing,
    QuiescingAction,
    ReadBeginnings,
    ReadHeads,
    SetMode,
    Tell,
    Tick,
)
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term

HOME, P1, P2 = Home("p1.lab"), PoolFqdn("p1.lab"), PoolFqdn("p2.lab")
ID, OTHER = OperationId("one"), OperationId("other")
HEADS = ((ModuleName("m"), Position(7)),)
QUIESCE = Quiesce(operation=ID, term=Term(2), patience=20.0)
HAND_OVER = HandOver(operation=ID, term=Term(2), heads=HEADS)
ABORT = Abort(operation=ID, term=Term(2), reason="enough")
NOW = Instant(100.0)


def status(term: int = 1, serving: PoolFqdn = P1, mode: Mode = Mode.READ_WRITE) -> HomeStatus:
    return HomeStatus(home=HOME, term=Term(term), serving_pool=serving, mode=mode)


READ_ONLY = status(mode=Mode.READ_ONLY)


def engagement(state: Engaged = Engaged.ENGAGED, of: OperationId = ID) -> Engagement:
    return Engagement(operation=of, home=HOME, coordinator=P2, term=Term(2), state=state, since=NOW)


def source(*engagements: Engagement) -> Quiescing:
    return Quiescing(P1, engagements)


def hear(machine: Quiescing, message: ToSource, known: HomeStatus = READ_ONLY) -> list[QuiescingAction]:
    return machine.handle(Heard(message, P2), known, NOW)


def objection(actions: list[QuiescingAction]) -> Objection:
    match actions:
        case [Tell(Objected(objection=said))]:
            return said
    pytest.fail(str(actions))


def test_it_is_engaged_and_read_only_before_it_answers() -> None:
    machine = source()
    kept = replace(engagement(), patience=20.0)
    assert hear(machine, QUIESCE, status()) == [Keep(kept), SetMode(Mode.READ_ONLY), ReadHeads(QUIESCE)]
    assert machine.handle(HeadsRead(QUIESCE, HEADS), READ_ONLY, NOW) == [Tell(Quiesced(operation=ID, heads=HEADS))]


def test_it_gives_up_before_it_says_so() -> None:
    machine = source(engagement())
    assert hear(machine, HAND_OVER) == [SetMode(Mode.READ_ONLY), ReadHeads(HAND_OVER)]
    assert machine.handle(HeadsRead(HAND_OVER, HEADS), READ_ONLY, NOW) == [GiveUp(ID, Term(2), P2)]
    said = Tell(HandedOver(operation=ID, term=Term(2), beginnings=()))
    handed = engagement(Engaged.HANDED_OVER)
    assert machine.handle(GaveUp(ID, ()), status(2, P2), NOW) == [Keep(handed), said]


def test_it_gives_nothing_up_once_its_heads_have_moved() -> None:
    machine = source(engagement())
    moved = ((ModuleName("m"), Position(8)),)
    assert objection(machine.handle(HeadsRead(HAND_OVER, moved), READ_ONLY, NOW)) is Objection.HEADS_MOVED


@pytest.mark.parametrize("request_", [QUIESCE, HAND_OVER, ABORT])
@pytest.mark.parametrize("state", [Engaged.ENGAGED, Engaged.HANDED_OVER])
def test_whatever_is_asked_after_the_give_up_is_answered_with_it(request_: ToSource, state: Engaged) -> None:
    machine = source(engagement(state))
    assert hear(machine, request_, status(2, P2)) == [ReadBeginnings(ID, Term(2))]


def test_an_abort_refuses_the_operation_before_the_home_takes_writes_again() -> None:
    machine = source(engagement())
    releasing, refused = (
        Engagement(operation=ID, home=HOME, coordinator=P2, term=Term(2), state=state, since=NOW, reason="enough")
        for state in (Engaged.RELEASING, Engaged.ABORTED)
    )
    assert hear(machine, ABORT)[:3] == [Keep(releasing), SetMode(Mode.READ_WRITE), Keep(refused)]
    assert objection(hear(machine, HAND_OVER, status())) is Objection.ABORTED
    assert objection(hear(machine, QUIESCE, status())) is Objection.ABORTED


def test_an_abort_of_what_it_never_heard_of_refuses_it_when_it_comes() -> None:
    machine = source()
    match hear(machine, ABORT, status()):
        case [Keep(kept), Tell(Aborted())]:
            assert kept.state is Engaged.ABORTED
        case other:
            pytest.fail(str(other))
    assert objection(hear(machine, QUIESCE, status())) is Objection.ABORTED


def test_what_a_crash_left_half_released_takes_writes_again() -> None:
    machine = source(engagement(Engaged.RELEASING))
    assert SetMode(Mode.READ_WRITE) in machine.handle(Tick(), READ_ONLY, NOW)


def test_it_refuses_what_it_does_not_know_and_a_second_operation_and_another_term() -> None:
    assert objection(hear(source(), HAND_OVER, status())) is Objection.UNKNOWN
    assert objection(hear(source(engagement(of=OTHER)), QUIESCE)) is Objection.BUSY
    assert objection(hear(source(), QUIESCE, status(2))) is Objection.NOT_SERVED
    assert objection(hear(source(), QUIESCE, status(1, P2))) is Objection.NOT_SERVED


def test_it_takes_writes_again_when_its_coordinator_is_silent_for_too_long() -> None:
    machine = source(engagement())
    assert machine.handle(Tick(), READ_ONLY, NOW) == []
    assert machine.handle(Tick(), READ_ONLY, Instant(NOW + 60)) == []
    assert SetMode(Mode.READ_WRITE) in machine.handle(Tick(), READ_ONLY, Instant(NOW + 61))


def test_its_own_operator_may_abort_until_it_has_given_up() -> None:
    assert SetMode(Mode.READ_WRITE) in source(engagement()).handle(AbortAsked("no"), READ_ONLY, NOW)
    assert source(engagement(Engaged.HANDED_OVER)).handle(AbortAsked("no"), status(2, P2), NOW) == []
