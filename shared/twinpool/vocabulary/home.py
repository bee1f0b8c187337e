"""Who serves a home, in which term, and whether it takes writes."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Position, Term


class Mode(enum.StrEnum):
    """Whether the serving pool of a home takes writes for it."""

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"  #: during a planned failover, so that a final state holds


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeStatus:
    """A pool's own durable knowledge of a home."""

    home: Home
    term: Term
    serving_pool: PoolFqdn
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class TermBeginning:
    """One entry of a home's history: the position at which a term began in one module."""

    home: Home
    module: ModuleName
    term: Term
    serving_pool: PoolFqdn
    position: Position
