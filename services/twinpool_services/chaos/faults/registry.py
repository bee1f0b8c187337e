"""Which module begins a fault of which kind."""

from __future__ import annotations

from collections.abc import Mapping

from twinpool_services.chaos.faults import brokers, machines, messages, moves, network, processes
from twinpool_services.chaos.faults.fault import Begin
from twinpool_services.chaos.scenario.model import FaultKind

FAULTS: Mapping[FaultKind, Begin] = {
    FaultKind.KILL: processes.kill,
    FaultKind.PAUSE: processes.pause,
    FaultKind.RESTART: processes.restart,
    FaultKind.POOL_DOWN: processes.pool_down,
    FaultKind.BROKER_RESTART: brokers.restart,
    FaultKind.BROKER_NODE_KILL: brokers.kill_node,
    FaultKind.BROKER_NODE_PARTITION: brokers.part_node,
    FaultKind.DELETE_QUEUE: brokers.delete,
    FaultKind.PARTITION: network.partition,
    FaultKind.LATENCY: network.latency,
    FaultKind.BANDWIDTH: network.bandwidth,
    FaultKind.RESET: network.reset,
    FaultKind.CLOCK_JUMP: machines.clock_jump,
    FaultKind.DISK_FULL: machines.disk_full,
    FaultKind.POSTGRESQL_RESTART: machines.postgresql_restart,
    FaultKind.TAMPER: messages.tamper,
    FaultKind.FAILOVER: moves.failover,
    FaultKind.DISASTER: moves.disaster,
    FaultKind.FAILBACK: moves.failback,
}

#: Moves are called by an operator, who waits for them; the timeline goes on meanwhile.
MOVES = frozenset({FaultKind.FAILOVER, FaultKind.DISASTER, FaultKind.FAILBACK})
