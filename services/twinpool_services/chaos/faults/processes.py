"""Front ends that die, stand still, or stop in order."""

from __future__ import annotations

from functools import partial

from twinpool_services.chaos.faults.fault import Active, TakenBackBy
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import RunFailed, Stage
from twinpool_services.lab import ProcessState


def kill(stage: Stage, fault: Fault, _seed: int) -> Active:
    """End a front end as a crash would."""
    name = named(stage, fault.target)
    stage.lab.kill(name)
    return TakenBackBy(partial(_start, stage, name), name)


def pause(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Halt a front end: to the others it is silent, and to itself no time passes."""
    name = named(stage, fault.target)
    stage.lab.pause(name)
    return TakenBackBy(partial(_resume, stage, name), name)


def restart(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Stop a front end in order."""
    name = named(stage, fault.target)
    stage.lab.stop(name)
    return TakenBackBy(partial(_start, stage, name), name)


def pool_down(stage: Stage, fault: Fault, _seed: int) -> Active:
    """End every front end of a pool as a power cut would."""
    names = [one.name for one in stage.pool(fault.target).front_ends]
    for name in names:
        if stage.lab.state(name) is not ProcessState.STOPPED:
            stage.lab.kill(name)

    def start_all() -> None:
        for name in names:
            _start(stage, name)

    return TakenBackBy(start_all, f"{len(names)} front ends")


def named(stage: Stage, target: str) -> str:
    """Return the front end that a target means now. Raises `RunFailed`."""
    which, of, pool = target.partition(" of ")
    if not of:
        return target
    active = stage.active(pool)
    if which == "active":
        return active
    idle = [one.name for one in stage.living(pool) if one.name != active]
    if not idle:
        raise RunFailed(f"{pool} has no idle front end")
    return idle[0]


def _start(stage: Stage, name: str) -> None:
    """Start a front end; whoever needs it waits for it, the timeline does not."""
    with stage.starting:
        if stage.lab.state(name) is ProcessState.STOPPED:
            stage.lab.start(name, wait=False)


def _resume(stage: Stage, name: str) -> None:
    if stage.lab.state(name) is ProcessState.PAUSED:
        stage.lab.resume(name)
