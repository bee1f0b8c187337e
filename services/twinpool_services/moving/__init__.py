"""Moving a home from pool to pool, as far as who asks for it has to judge: which move, whether now, what it came to.

The pools carry it out by themselves (`twinpool.failover`); this is for those who ask, at a shell or on a page. What
others may use is named here.
"""

from twinpool_services.moving.asked import Document, PoolsAsked, holder_of, why_not_ready
from twinpool_services.moving.checks import (
    Check,
    Cms,
    Facts,
    Leniency,
    NotHealthy,
    Verdict,
    checks_of,
    require_healthy,
)
from twinpool_services.moving.gathering import cms_of, gather
from twinpool_services.moving.moves import (
    AlreadyFailedOver,
    Direction,
    Move,
    NoBackupPool,
    NotFailedOver,
    PoolDown,
    Told,
    ask_both,
    cms_move,
    failback_to,
    failover_from,
    judge_cms_move,
    judge_failback,
    judge_failover,
    partner_of,
)
from twinpool_services.moving.receipt import (
    STEPS,
    ReadBack,
    assemble,
    direction_of,
    modules_of,
    requested_at,
    result_of,
    sentence,
    steps_of,
    summary_of,
)

__all__ = [
    "STEPS",
    "AlreadyFailedOver",
    "Check",
    "Cms",
    "Direction",
    "Document",
    "Facts",
    "Leniency",
    "Move",
    "NoBackupPool",
    "NotFailedOver",
    "NotHealthy",
    "PoolDown",
    "PoolsAsked",
    "ReadBack",
    "Told",
    "Verdict",
    "ask_both",
    "assemble",
    "checks_of",
    "cms_move",
    "cms_of",
    "direction_of",
    "failback_to",
    "failover_from",
    "gather",
    "holder_of",
    "judge_cms_move",
    "judge_failback",
    "judge_failover",
    "modules_of",
    "partner_of",
    "require_healthy",
    "requested_at",
    "result_of",
    "sentence",
    "steps_of",
    "summary_of",
    "why_not_ready",
]
