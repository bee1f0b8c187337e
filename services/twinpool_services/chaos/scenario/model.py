"""What a scenario consists of: topology, load, faults, expectations. Frozen values; times in seconds from its start."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from twinpool_services.lab import LabPlan, Network, StoreKind


class FaultKind(enum.StrEnum):
    """What can be done to a lab."""

    KILL = "kill"  #: SIGKILL a front end, start it again at the end
    PAUSE = "pause"  #: SIGSTOP a front end, SIGCONT at the end
    RESTART = "restart"  #: stop a front end in order, start it again at the end
    POOL_DOWN = "pool-down"  #: SIGKILL every front end of a pool, start them again at the end
    BROKER_RESTART = "broker-restart"  #: end the whole broker as a power cut would, start it again at the end
    BROKER_NODE_KILL = "broker-node-kill"  #: SIGKILL one node of a cluster
    BROKER_NODE_PARTITION = "broker-node-partition"  #: part one node from the others
    DELETE_QUEUE = "delete-queue"  #: delete a queue that a pool reads from
    PARTITION = "partition"  #: nothing passes between a pool and the others
    LATENCY = "latency"  #: what passes takes so many seconds longer
    BANDWIDTH = "bandwidth"  #: so many bytes a second pass
    RESET = "reset"  #: connections are reset, again and again
    CLOCK_JUMP = "clock-jump"  #: the clock of processes jumps by so many seconds
    DISK_FULL = "disk-full"  #: the disk of a pool's store has no room
    POSTGRESQL_RESTART = "postgresql-restart"  #: the stores' server is ended as by a power cut
    TAMPER = "tamper"  #: messages to a pool are corrupted, duplicated, reordered, replayed or dropped
    FAILOVER = "failover"  #: a planned failover of a home to its backup pool
    DISASTER = "disaster"  #: a disaster failover of a home to its backup pool
    FAILBACK = "failback"  #: a planned failover back to the pool of the home's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What the lab consists of; scenarios of the same topology share a lab."""

    pools: int = 2
    front_ends: int = 2
    store: StoreKind = StoreKind.SQLITE
    broker_nodes: int = 1
    lease_duration: str = "00:00:02"
    heartbeat: str = "00:00:02"
    ack_timeout: str = "00:00:06"
    partner_query_timeout: str = "00:00:04"
    clocks: bool = False  #: processes run under libfaketime
    small_disk: str | None = None  #: pool whose store lies on a disk that can be filled
    network: Network = Network.LOOPBACK  #: with namespaces the kernel parts pools, and no line leads anywhere

    @property
    def lab_plan(self) -> LabPlan:
        """The lab that this asks for."""
        return LabPlan(
            pools=self.pools,
            front_ends=self.front_ends,
            store=self.store,
            broker_nodes=self.broker_nodes,
            lease_duration=self.lease_duration,
            heartbeat=self.heartbeat,
            network=self.network,
            options={"partner_query_timeout": self.partner_query_timeout},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What clients do meanwhile."""

    homes: tuple[str, ...] = ("pool1.lab",)
    clients: int = 3  #: of each home
    rate: float = 10.0  #: operations a second of each client, at most
    keys: int = 4  #: registers, and lists, of each client


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault."""

    kind: FaultKind
    target: str = ""  #: a pool, a front end, `active of POOL`, a node's number, a home
    at: float = 0.0
    lasts: float = 0.0  #: until it is taken back
    settings: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def ends(self) -> float:
        """When it is taken back."""
        return self.at + self.lasts

    def __str__(self) -> str:
        extra = "".join(f" {name}={value}" for name, value in sorted(self.settings.items()))
        return f"{self.kind} {self.target}{extra}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomFaults:
    """Faults that a seed chooses, one behind the other."""

    kinds: tuple[FaultKind, ...]
    targets: tuple[str, ...]
    first: float = 1.0
    every: tuple[float, float] = (1.0, 3.0)  #: seconds from the end of one to the beginning of the next
    lasts: tuple[float, float] = (0.5, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What must hold at the end besides the guarantees."""

    orphans: str = "none"  #: `none`, `allowed`, or `some`: there have to be some
    served_by: Mapping[str, str] = field(default_factory=dict)  #: home → the pool that serves it at the end
    writes_at_least: int = 10  #: answered, or nothing was tried
    outage_at_most: float = 60.0  #: seconds without any answered write of a home
    take_overs_at_least: int = 0  #: of all pools' leases
    moves: str = "done"  #: `ended`: under fire, a move may be refused, or end without having moved anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario."""

    name: str
    title: str
    seconds: float = 10.0  #: of load
    topology: Topology = field(default_factory=Topology)
    load: Load = field(default_factory=Load)
    faults: tuple[Fault, ...] = ()
    random: RandomFaults | None = None
    expect: Expectations = field(default_factory=Expectations)

    @property
    def kinds(self) -> frozenset[FaultKind]:
        """The kinds of all faults that may come."""
        return frozenset([fault.kind for fault in self.faults]) | frozenset(self.random.kinds if self.random else ())
