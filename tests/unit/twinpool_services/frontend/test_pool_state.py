from __future__ import annotations

import pytest

from twinpool.failover.operation import Engaged, Engagement, Kind, Operation, OperationId, Step
from twinpool.vocabulary.home import HomeStatus, Mode
from twinpool.vocabulary.names import Home, Instant, PoolFqdn, Term
from twinpool_services.frontend.pool_state import PoolState, pool_state

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")


def served_by(pool: PoolFqdn) -> HomeStatus:
    return HomeStatus(home=Home(P1), term=Term(3), serving_pool=pool, mode=Mode.READ_WRITE)


def operation(target: PoolFqdn, step: Step) -> Operation:
    return Operation(
        id=OperationId("x"),
        kind=Kind.PLANNED,
        home=Home(P1),
        source=P2 if target == P1 else P1,
        target=target,
        term=Term(4),
        modules=(),
        step=step,
    )


def engagement(coordinator: PoolFqdn, state: Engaged) -> Engagement:
    return Engagement(
        operation=OperationId("x"),
        home=Home(P1),
        coordinator=coordinator,
        term=Term(4),
        state=state,
        since=Instant(1.0),
    )


@pytest.mark.parametrize(
    ("serving", "brings", "takes", "state"),
    [
        (P1, None, None, PoolState.ACTIVE),
        (P2, None, None, PoolState.FAILED_OVER),
        (P1, operation(P2, Step.QUIESCED), None, PoolState.FAILING_OVER),
        (P1, operation(P2, Step.ABORTED), None, PoolState.ACTIVE),
        (P2, operation(P2, Step.SERVING), None, PoolState.FAILED_OVER),
        (P2, operation(P1, Step.REQUESTED), None, PoolState.FAILING_BACK),
        (P1, operation(P1, Step.DONE), None, PoolState.ACTIVE),
        (P1, None, engagement(P2, Engaged.ENGAGED), PoolState.FAILING_OVER),
        (P1, None, engagement(P2, Engaged.ABORTED), PoolState.ACTIVE),
        (P2, None, engagement(P2, Engaged.HANDED_OVER), PoolState.FAILED_OVER),
        (P2, None, engagement(P1, Engaged.ENGAGED), PoolState.FAILING_BACK),
    ],
)
def test_the_state_follows_from_who_serves_and_what_is_under_way(
    serving: PoolFqdn, brings: Operation | None, takes: Engagement | None, state: PoolState
) -> None:
    assert pool_state(served_by(serving), P1, brings, takes) is state
