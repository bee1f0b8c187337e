"""Which home is to move, from where to where: concluded from what both pools of a pair say."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from twinpool.errors import PoolUnreachable, Refused, Transient
from twinpool.vocabulary.names import CMS_HOME
from twinpool_services.moving.asked import PoolsAsked

Standing = Mapping[str, Any]


class Direction(enum.StrEnum):
    """What an operator calls it."""

    FAILOVER = "Failover"
    FAILBACK = "Failback"
    CMS = "ManagementServerFailover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A home that is to be served by another pool."""

    direction: Direction
    home: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the pools of a pair say about a home."""

    home: str
    standings: Mapping[str, Standing]  #: of the pools that answered
    silent: Mapping[str, str]  #: why the others did not

    @property
    def newest(self) -> Standing | None:
        """The word that counts: the highest term; of two such, that of the pool that serves."""
        ranked = [(one["Term"], one["ServingPool"] == pool, pool) for pool, one in self.standings.items()]
        return self.standings[max(ranked)[2]] if ranked else None


class NotFailedOver(Refused):
    """There is nothing to bring back."""

    hint = "Look at twinpool failover status; fail back with the FQDN that was given to the failover."


class AlreadyFailedOver(Refused):
    """The home has left the pool before."""

    hint = "Follow the operation with twinpool failover status; bring it back with Invoke-CsPoolFailback."


class NoBackupPool(Refused):
    """There is no other pool that could take over."""

    hint = "Pair the pool in the deployment file."


class PoolDown(Refused):
    """A pool that has to take part does not answer."""

    hint = "Start its front ends; if the pool is gone, use -DisasterMode, which may lose what it had not yet sent."


def ask_both(client: PoolsAsked, home: str, pools: Sequence[str]) -> Told:
    """Ask these pools, all at once, how they stand to a home; whoever cannot answer is silent."""

    def ask(pool: str) -> Standing | str:
        try:
            return client.standing(pool, home)
        except Transient as error:
            return str(error)

    with ThreadPoolExecutor(max_workers=max(1, len(pools))) as asking:
        answers = dict(zip(pools, asking.map(ask, pools), strict=True))
    return Told(
        home=home,
        standings={pool: said for pool, said in answers.items() if not isinstance(said, str)},
        silent={pool: said for pool, said in answers.items() if isinstance(said, str)},
    )


def partner_of(client: PoolsAsked, pool: str) -> str:
    """Return a pool's backup pool. Raises `NoBackupPool`, `NotFound`."""
    partner = client.deployment.partner_of(pool)
    if partner is None:
        raise NoBackupPool(f"{client.deployment.pool(pool).fqdn} has no backup pool")
    return partner


def failover_from(client: PoolsAsked, pool: str, *, disaster: bool) -> tuple[Move, Told]:
    """Find out what failing a pool over means. In a disaster the pool itself is not asked, so that nobody waits for it.

    Raises `AlreadyFailedOver`, `NoBackupPool`, `PoolUnreachable`.
    """
    fqdn, partner = client.deployment.pool(pool).fqdn, partner_of(client, pool)
    told = ask_both(client, fqdn, (partner,) if disaster else (fqdn, partner))
    return judge_failover(fqdn, partner, told), told


def judge_failover(pool: str, partner: str, told: Told) -> Move:
    """Conclude from what both say. Raises `AlreadyFailedOver`, and `PoolUnreachable` if the backup pool is silent."""
    _require_word(partner, told)
    if told.newest is not None and told.newest["ServingPool"] != pool:
        raise AlreadyFailedOver(f"{pool} is failed over: {told.newest['ServingPool']} serves it")
    return Move(direction=Direction.FAILOVER, home=pool, source=pool, target=partner)


def failback_to(client: PoolsAsked, pool: str, *, disaster: bool) -> tuple[Move, Told]:
    """Find out what failing a pool back means. Raises what `judge_failback` does, and `NoBackupPool`."""
    fqdn, partner = client.deployment.pool(pool).fqdn, partner_of(client, pool)
    asked = (fqdn,) if disaster else (fqdn, partner)
    told = ask_both(client, fqdn, asked)
    others = ask_both(client, partner, asked)
    other = others.newest["ServingPool"] if others.newest else partner
    return judge_failback(fqdn, partner, told, other_is_served_by=other, disaster=disaster), told


def judge_failback(pool: str, partner: str, told: Told, *, other_is_served_by: str, disaster: bool) -> Move:
    """Conclude from what both say. Raises `NotFailedOver`, `PoolDown`, and `PoolUnreachable` if the pool is silent.

    That the pool itself answers comes first: nobody can be brought back to a pool that is not there.
    """
    _require_word(pool, told)
    if told.newest is None or told.newest["ServingPool"] == pool:
        if other_is_served_by == pool:
            meant = f"; it is {partner} that is failed over, to {pool}: give that name"
            raise NotFailedOver(f"{pool} is not failed over{meant}")
        raise NotFailedOver(f"{pool} is not failed over: it serves its users itself")
    if partner in told.silent and not disaster:
        raise PoolDown(f"{partner}, which serves the users of {pool}, does not answer: {told.silent[partner]}")
    return Move(direction=Direction.FAILBACK, home=pool, source=partner, target=pool)


def cms_move(client: PoolsAsked) -> tuple[Move, Told]:
    """Find out where the Central Management store goes; who has it has to be asked for, even in a disaster.

    Raises `NoBackupPool`, `PoolUnreachable`.
    """
    pools = client.cms_pools
    if len(pools) < 2:
        raise NoBackupPool(f"{pools[0]}, which has the Central Management store, has no backup pool")
    told = ask_both(client, CMS_HOME, pools)
    return judge_cms_move(pools, told), told


def judge_cms_move(pools: Sequence[str], told: Told) -> Move:
    """Conclude from what both say: it goes to the one of the two that does not serve it. Raises `PoolUnreachable`."""
    if told.newest is None:
        raise PoolUnreachable("; ".join(told.silent.values()))
    source = str(told.newest["ServingPool"])
    target = next(pool for pool in pools if pool != source)
    _require_word(target, told)
    return Move(direction=Direction.CMS, home=CMS_HOME, source=source, target=target)


def _require_word(pool: str, told: Told) -> None:
    """Make sure that a pool answers which is to take over. Raises `PoolUnreachable`."""
    if pool in told.silent:
        raise PoolUnreachable(f"{pool}, which is to take over, does not answer: {told.silent[pool]}")
