"""What a disaster failover would leave behind, named before anything moves.

The token is the digest of the facts that the plan was made from. Who executes it shows the token again; when the
facts have changed since, the tokens differ, and nothing moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from twinpool.vocabulary.home import HomeStatus
from twinpool.vocabulary.names import ORIGIN, Home, Instant, ModuleName, PoolFqdn, Position, Term
from twinpool.vocabulary.session import Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFacts:
    """What the pool that is to take over knows of one module."""

    module: ModuleName
    cursor: Cursor | None  #: last acknowledged: everything up to here is ours
    heard_head: Position | None  #: newest position that the source has told of; None if never
    heard_at: Instant | None  #: when anything was last heard of the source about it
    to_repair: int = 0  #: records of ours that are still of no worth


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleLoss:
    """What is known to be missing of one module."""

    module: ModuleName
    acknowledged: Position
    heard_head: Position | None
    positions: int | None  #: how many change sets at most are known to be missing; None if nothing was ever heard
    seconds: float | None  #: for how long nothing was heard: what was written meanwhile nobody knows
    whole: bool  #: False: we hold no consistent state of it at all


@dataclass(frozen=True, slots=True, kw_only=True)
class LossPlan:
    """What a disaster failover of a home would leave behind, as far as is known here."""

    home: Home
    source: PoolFqdn
    target: PoolFqdn
    term: Term  #: that would begin
    as_of: Instant
    losses: tuple[ModuleLoss, ...]
    token: str


def make_plan(status: HomeStatus, target: PoolFqdn, facts: Sequence[ModuleFacts], now: Instant) -> LossPlan:
    """Say what would be missing if `target` took over now."""
    ordered = sorted(facts, key=lambda each: each.module)
    return LossPlan(
        home=status.home,
        source=status.serving_pool,
        target=target,
        term=Term(status.term + 1),
        as_of=now,
        losses=tuple(_loss(each, now) for each in ordered),
        token=token_of(status, target, ordered),
    )


def token_of(status: HomeStatus, target: PoolFqdn, facts: Sequence[ModuleFacts]) -> str:
    """Return the digest of all facts but the passing of time: 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=16)
    told = [(status.home, status.term, status.serving_pool, target)]
    stands = [
        (each.module, *(each.cursor or (None, None)), each.heard_head, each.to_repair)
        for each in sorted(facts, key=lambda each: each.module)
    ]
    digest.update(repr((told, stands)).encode())
    return digest.hexdigest()


def _loss(facts: ModuleFacts, now: Instant) -> ModuleLoss:
    stands = facts.cursor.position if facts.cursor else ORIGIN
    return ModuleLoss(
        module=facts.module,
        acknowledged=stands,
        heard_head=facts.heard_head,
        positions=None if facts.heard_head is None else max(0, facts.heard_head - stands),
        seconds=None if facts.heard_at is None else max(0.0, now - facts.heard_at),
        whole=facts.cursor is not None and not facts.to_repair,
    )
