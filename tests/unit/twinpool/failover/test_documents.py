"""What is kept comes back as it was."""

from __future__ import annotations

import pytest

from twinpool.failover.documents import (
    engagement_document,
    kind_of,
    operation_document,
    plan_document,
    read_engagement,
    read_operation,
    read_plan,
)
from twinpool.failover.operation import Engaged, Engagement, Kind, Operation, OperationId, Step
from twinpool.failover.plan import ModuleFacts, make_plan
from twinpool.vocabulary.home import HomeStatus, Mode, TermBeginning
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term
from twinpool.vocabulary.session import Cursor

HOME, P1, P2, M = Home("p1.lab"), PoolFqdn("p1.lab"), PoolFqdn("p2.lab"), ModuleName("m")
STATUS = HomeStatus(home=HOME, term=Term(1), serving_pool=P1, mode=Mode.READ_WRITE)
FACTS = ModuleFacts(module=M, cursor=Cursor(Term(1), Position(7)), heard_head=Position(9), heard_at=Instant(100.0))
PLAN = make_plan(STATUS, P2, [FACTS], Instant(130.0))
OPERATION = Operation(
    id=OperationId("o"),
    kind=Kind.DISASTER,
    home=HOME,
    source=P1,
    target=P2,
    term=Term(2),
    modules=(M,),
    heads=((M, Position(7)),),
    beginnings=(TermBeginning(home=HOME, module=M, term=Term(2), serving_pool=P2, position=Position(7)),),
    plan=PLAN,
).at(Step.REQUESTED, Instant(1.5))
ENGAGEMENT = Engagement(
    operation=OperationId("o"), home=HOME, coordinator=P2, term=Term(2), state=Engaged.ENGAGED, since=Instant(1.0)
)


def test_operations_engagements_and_plans_come_back_as_they_were() -> None:
    assert read_operation(operation_document(OPERATION)) == OPERATION
    assert read_engagement(engagement_document(ENGAGEMENT)) == ENGAGEMENT
    assert read_plan(plan_document(PLAN)) == PLAN
    assert kind_of(plan_document(PLAN)) == "plan"


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"document":"operation"}', engagement_document(ENGAGEMENT)])
def test_what_is_no_operation_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"document|Expecting value"):
        read_operation(document)


def test_a_plan_names_what_is_missing() -> None:
    (loss,) = PLAN.losses
    assert (loss.acknowledged, loss.heard_head, loss.positions, loss.seconds) == (7, 9, 2, 30.0)


def test_time_passing_leaves_a_token_as_it_is_and_facts_change_it() -> None:
    later = make_plan(STATUS, P2, [FACTS], Instant(1000.0))
    moved = make_plan(
        STATUS, P2, [ModuleFacts(module=M, cursor=None, heard_head=Position(9), heard_at=None)], Instant(130.0)
    )
    assert later.token == PLAN.token
    assert moved.token != PLAN.token
