"""Changes that a pool accepted in a term that its partner had already ended: kept, never dropped in silence."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twinpool.vocabulary.change import Change
from twinpool.vocabulary.names import Instant, Position, Stream, Term


class Decision(enum.StrEnum):
    """What an operator made of an orphan."""

    REPLAYED = "replayed"  #: written again through the serving pool
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision, and whose it was."""

    decision: Decision
    by: str
    at: Instant
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One divergent change of a pool that came back.

    One that was found by comparing records, because the log no longer reached back to the fork, has no position
    and no commit time.
    """

    number: int  #: in the ledger of the pool, growing
    stream: Stream
    term: Term  #: in which it was accepted
    position: Position | None
    committed_at: Instant | None
    change: Change
    verdict: Verdict | None = None  #: None while nobody has decided
