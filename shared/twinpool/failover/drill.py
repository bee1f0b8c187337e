"""A drill as it is kept in the pool store: a disaster failover that was played on a throw-away copy, as its receipt."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from twinpool.failover.plan import LossPlan, ModuleLoss
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Term

CURRENT = "drill"  #: name of the document that names the newest one
PREFIX = f"{CURRENT}/"


class DrillStep(enum.StrEnum):
    """How far a drill is."""

    REQUESTED = "Requested"
    COPYING = "Copying"
    REHEARSING = "Rehearsing"  #: the copy is promoted, read and written
    DONE = "Done"
    FAILED = "Failed"  #: it could not be played; the reason says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill, and what it has shown."""

    identity: str
    home: Home
    pool: PoolFqdn  #: that would take over, and whose store is copied
    requested_at: Instant
    step: DrillStep = DrillStep.REQUESTED
    begun_at: Instant | None = None
    ended_at: Instant | None = None
    term: Term | None = None  #: in which the copy served
    plan: LossPlan | None = None  #: what a disaster failover would have lost at that moment
    records: Mapping[ModuleName, int] = field(default_factory=dict)  #: that were read, each of them
    complaints: tuple[str, ...] = ()  #: why the pool could not have served; empty if it could
    seconds: Mapping[str, float] = field(default_factory=dict)  #: of each step: `copied` to `discarded`
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.step in {DrillStep.DONE, DrillStep.FAILED}

    @property
    def has_passed(self) -> bool:
        """Whether it is over and has shown that the pool could have served."""
        return self.step is DrillStep.DONE and not self.complaints


def document_name(identity: str) -> str:
    """Return the name of the document of a drill."""
    return PREFIX + identity


def write_drill(drill: Drill) -> bytes:
    """Write it down."""
    return json.dumps(asdict(drill), ensure_ascii=False, separators=(",", ":")).encode()


def read_drill(document: bytes) -> Drill:
    """Read what `write_drill` wrote. Raises `ValueError`."""
    try:
        given: dict[str, Any] = json.loads(document)
        told = {"step": DrillStep(given["step"]), "plan": _plan(given["plan"]), "complaints": (*given["complaints"],)}
        return Drill(**{**given, **told})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no document of a drill: {error!r}") from error


def _plan(given: dict[str, Any] | None) -> LossPlan | None:
    if given is None:
        return None
    return LossPlan(**{**given, "losses": tuple(ModuleLoss(**each) for each in given["losses"])})
