"""The state of the pool that a home is of: a pure function of what one pool durably knows."""

from __future__ import annotations

import enum

from twinpool.failover.operation import Engaged, Engagement, Operation
from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import PoolFqdn


class PoolState(enum.StrEnum):
    """Where a home is, and whether it is on the way."""

    ACTIVE = "Active"  #: it is served where it belongs
    FAILING_OVER = "FailingOver"
    FAILED_OVER = "FailedOver"
    FAILING_BACK = "FailingBack"


def pool_state(
    status: HomeStatus, belongs_to: PoolFqdn, operation: Operation | None, engagement: Engagement | None
) -> PoolState:
    """Conclude the state from who serves, and from the newest operation, as its target and as its source knows it.

    An operation whose target serves already moves nothing any more, even while it waits to be confirmed.
    """
    brings = operation is not None and not operation.has_ended and operation.target != status.serving_pool
    takes = engagement is not None and engagement.state in {Engaged.ENGAGED, Engaged.RELEASING}
    if status.serving_pool == belongs_to:
        return PoolState.FAILING_OVER if brings or takes else PoolState.ACTIVE
    return PoolState.FAILING_BACK if brings or takes else PoolState.FAILED_OVER
