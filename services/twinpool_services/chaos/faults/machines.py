"""Clocks that jump, disks without room, a PostgreSQL that ends."""

from __future__ import annotations

from twinpool_services.chaos.faults.fault import Active, TakenBackBy
from twinpool_services.chaos.faults.processes import named
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.stage import RunFailed, Stage


def clock_jump(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Have the clocks of a front end, or of all of a pool, jump."""
    clocks = stage.surroundings.clocks
    if clocks is None:
        raise RunFailed("the processes of this lab have the true time")
    is_pool = any(pool.fqdn == fault.target for pool in stage.pools)
    names = [one.name for one in stage.pool(fault.target).front_ends] if is_pool else [named(stage, fault.target)]
    for name in names:
        clocks.set(name, float(fault.settings["seconds"]))

    def jump_back() -> None:
        for name in names:
            clocks.set(name, 0.0)

    return TakenBackBy(jump_back, ", ".join(names))


def disk_full(stage: Stage, fault: Fault, _seed: int) -> Active:
    """Leave no room on the disk of a pool's store."""
    disk = stage.surroundings.disk
    if disk is None or fault.target != stage.topology.small_disk:
        raise RunFailed(f"the store of {fault.target} lies on no small disk")
    disk.fill()
    return TakenBackBy(disk.free)


def postgresql_restart(stage: Stage, _fault: Fault, _seed: int) -> Active:
    """End the stores' server as a power cut would."""
    cluster = stage.lab.servers.cluster
    if cluster is None:
        raise RunFailed("this lab has no PostgreSQL")
    cluster.stop(at_once=True)
    return TakenBackBy(cluster.start)
