"""What the two pools of a pair say to each other about a home. All of it may be lost, doubled, late or reordered.

Each request may be made again at any time and is answered again. A message is about one home, which its envelope
names; `FAILOVER` takes the place of the module there, but for repairs, which are about one stream.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from twinpool.failover.operation import Heads, OperationId, Verification
from twinpool.vocabulary.change import RecordKey
from twinpool.vocabulary.home import Mode, TermBeginning
from twinpool.vocabulary.names import ModuleName, PoolFqdn, Position, Term
from twinpool.vocabulary.orphan import Untouched

#: Takes the place of a module's name in what is said about a home as a whole.
FAILOVER = ModuleName("Twinpool.Failover")

MOST_REPAIRS = 1000  #: records that one message asks to be repaired


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiesce:
    """Coordinator: make the home read-only for this operation, or keep it so, and tell the heads."""

    operation: OperationId
    term: Term  #: the one that is to begin
    patience: float  #: seconds; who hears nothing of the operation for so long takes writes again


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiesced:
    """Source: no write that began before may still commit. These are the heads."""

    operation: OperationId
    heads: Heads


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Coordinator: I hold everything up to these heads; give the home up."""

    operation: OperationId
    term: Term
    heads: Heads


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """Source: the home is yours from this term on. This cannot be taken back."""

    operation: OperationId
    term: Term
    beginnings: tuple[TermBeginning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Coordinator: forget this operation, and never take it up again."""

    operation: OperationId
    term: Term
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aborted:
    """Source: forgotten; the home is as it was, and this operation is refused from now on."""

    operation: OperationId
    reason: str


class Objection(enum.StrEnum):
    """Why a source will not do what an operation asks."""

    UNKNOWN = "unknown"  #: it never agreed to this operation
    ABORTED = "aborted"  #: it has ended this operation for good
    BUSY = "busy"  #: it is engaged in another one
    NOT_SERVED = "not-served"  #: it does not serve the home, or in another term than the operation believes
    HEADS_MOVED = "heads-moved"  #: something was written that the coordinator does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Objected:
    """Source: no, and why. It has not given the home up to this operation."""

    operation: OperationId
    objection: Objection
    reason: str  #: for people


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyWanted:
    """Coordinator: compare your records with mine, for I hold everything up to your heads; or tell how far you are."""

    operation: OperationId
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationTold:
    """Source: this is what comparing has come to."""

    operation: OperationId
    verification: Verification  #: `OUTSTANDING` while it is under way
    detail: str = ""  #: for people


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingWanted:
    """Either: tell who serves the home, by your durable knowledge."""

    ask: int  #: is repeated in the answer, so that a late answer to somebody else is none to us


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Either: this is what I durably know of the home. The status is read before the history."""

    ask: int  #: 0 if nobody asked
    term: Term
    serving_pool: PoolFqdn
    mode: Mode
    history: tuple[TermBeginning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWanted:
    """Pool that gave way: log the present state of these records, for mine is of no worth."""

    term: Term
    request: int  #: its number; is repeated in the answer
    keys: Sequence[RecordKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """Serving pool: their present state is logged, up to this position."""

    term: Term
    request: int
    position: Position
    untouched: tuple[Untouched, ...] | None = None  #: those not changed since the term began; None: cannot be said


ToSource = Quiesce | HandOver | Abort
ToCoordinator = Quiesced | HandedOver | Aborted | Objected | VerificationTold
FailoverMessage = ToSource | VerifyWanted | ToCoordinator | StandingWanted | Standing | RepairWanted | Repaired
