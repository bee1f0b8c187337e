"""Who serves a home, in which term, and whether it takes writes."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from twinpool.vocabulary.names import Home, ModuleName, PoolFqdn, Position, Term


class Mode(enum.StrEnum):
    """Whether the serving pool of a home takes writes for it."""

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"  #: during a planned failover, so that a final state holds


class OnPartnerSilent(enum.StrEnum):
    """What a pool does that came back and hears nothing of its partner."""

    SERVE = "Serve"  #: go by its own last durable word
    READ_ONLY = "ReadOnly"  #: take no writes until the partner is heard


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


def fork(beginnings: Iterable[TermBeginning], module: ModuleName, *, above: Term) -> Position | None:
    """Return up to where a pool that stands in the term `above` shares a stream with those who went on without it.

    That is the lowest position at which a higher term began; None if no higher one began in this module.

    >>> second = TermBeginning(
    ...     home=Home("p1"), module=ModuleName("m"), term=Term(2), serving_pool=PoolFqdn("p2"), position=Position(7)
    ... )
    >>> fork([second], ModuleName("m"), above=Term(1)), fork([second], ModuleName("m"), above=Term(2))
    (7, None)
    """
    return min((each.position for each in beginnings if each.module == module and each.term > above), default=None)
