"""Failovers and failbacks, as an operator calls them: no faults, but part of what happens."""

from __future__ import annotations

from twinpool_services.chaos.faults.fault import Active, Done
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import Stage


def failover(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Move a home to its backup pool, with both pools agreeing."""
    return Done(stage.move(fault.target, _backup_of(stage, fault.target)))


def disaster(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Have the backup pool take a home over alone."""
    return Done(stage.move(fault.target, _backup_of(stage, fault.target), disaster=True))


def failback(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Bring a home back to its own pool."""
    return Done(stage.move(fault.target, stage.pair_of(fault.target)[0]))


def _backup_of(stage: Stage, home: str) -> str:
    return stage.pair_of(home)[1]
