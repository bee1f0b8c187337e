"""What a fault of each kind may be aimed at."""

from __future__ import annotations

import re

from twinpool_services.chaos.scenario.model import FaultKind

POOL = r"pool\d+\.lab"
_FRONT_END = rf"(?:fe\d+\.{POOL}|(?:active|idle) of {POOL})"

#: Patterns of targets; a kind that is not named is aimed at a pool.
TARGETS: dict[FaultKind, str] = {
    **dict.fromkeys((FaultKind.KILL, FaultKind.PAUSE, FaultKind.RESTART), _FRONT_END),
    **dict.fromkeys((FaultKind.BROKER_RESTART, FaultKind.POSTGRESQL_RESTART), ""),
    **dict.fromkeys((FaultKind.BROKER_NODE_KILL, FaultKind.BROKER_NODE_PARTITION), r"[1-7]"),
    FaultKind.CLOCK_JUMP: rf"(?:{_FRONT_END}|{POOL})",
    **dict.fromkeys((FaultKind.FAILOVER, FaultKind.DISASTER, FaultKind.FAILBACK), rf"(?:{POOL}|cms)"),
}


def suits(kind: FaultKind, target: str) -> bool:
    """Say whether a fault of a kind may be aimed at a target."""
    return re.fullmatch(TARGETS.get(kind, POOL), target) is not None
