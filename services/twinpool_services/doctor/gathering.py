"""What the checks look at: the deployment file, and what every front end and broker has said. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twinpool.brokers.rabbitmq import BrokerExamination
from twinpool.vocabulary.deployment import Deployment, Pool

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEndSays:
    """One front end. What it has not said is empty, and `silence` says why."""

    name: str
    silence: str = ""
    examination: Document = field(default_factory=dict)
    facts: Document = field(default_factory=dict)  #: how replication stands
    configuration: Document = field(default_factory=dict)  #: of the backup service, as its pool has it
    relationship: Document = field(default_factory=dict)
    clock_skew: float | None = None  #: its clock minus ours, in seconds
    clock_doubt: float = 0.0  #: by how much that may be wrong: half of what the question took


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSays:
    """One pool."""

    pool: Pool
    front_ends: tuple[FrontEndSays, ...]
    broker: BrokerExamination | None = None  #: as seen from where the doctor runs
    undecided_orphans: int | None = None  #: None: nobody could say
    certificates: Mapping[str, float | str] = field(default_factory=dict)
    #: By address, when a certificate ends, in seconds since 1970; or why it could not be read.

    @property
    def answering(self) -> tuple[FrontEndSays, ...]:
        """The front ends that answer."""
        return tuple(each for each in self.front_ends if not each.silence)

    @property
    def spokesman(self) -> FrontEndSays | None:
        """A front end that answers: the active one if that does."""
        order = sorted(self.answering, key=lambda each: not each.facts.get("Active", False))
        return order[0] if order else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that was gathered."""

    deployment: Deployment
    pools: tuple[PoolSays, ...]
    version: str  #: of the doctor
    now: float  #: by its clock, in seconds since 1970
