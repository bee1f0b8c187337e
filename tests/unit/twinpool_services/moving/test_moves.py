"""Which home is to move, concluded from what both pools say; what cannot be is refused."""

from __future__ import annotations

from typing import Any

import pytest

from twinpool.errors import PoolUnreachable
from twinpool_services.moving import (
    AlreadyFailedOver,
    Direction,
    NotFailedOver,
    PoolDown,
    Told,
    judge_cms_move,
    judge_failback,
    judge_failover,
)

P1, P2 = "pool1.lab", "pool2.lab"


def told(home: str = P1, silent: tuple[str, ...] = (), **serving: tuple[int, str]) -> Told:
    """What the pools say: term and serving pool, by `p1` and `p2`."""
    names = {"p1": P1, "p2": P2}
    standings: dict[str, Any] = {
        names[name]: {"Term": term, "ServingPool": pool} for name, (term, pool) in serving.items()
    }
    return Told(home=home, standings=standings, silent=dict.fromkeys(silent, "connection refused"))


def test_the_backup_pool_takes_over_what_the_pool_serves() -> None:
    move = judge_failover(P1, P2, told(p1=(1, P1), p2=(1, P1)))

    assert (move.direction, move.home, move.source, move.target) == (Direction.FAILOVER, P1, P1, P2)


def test_a_pool_that_is_gone_can_be_failed_over() -> None:
    assert judge_failover(P1, P2, told(silent=(P1,), p2=(1, P1))).target == P2


def test_a_pool_that_is_failed_over_is_not_failed_over_again() -> None:
    with pytest.raises(AlreadyFailedOver, match=r"pool2\.lab serves it"):
        judge_failover(P1, P2, told(p1=(1, P1), p2=(2, P2)))


def test_nothing_goes_to_a_pool_that_does_not_answer() -> None:
    with pytest.raises(PoolUnreachable, match=r"pool2\.lab, which is to take over"):
        judge_failover(P1, P2, told(silent=(P2,), p1=(1, P1)))
    with pytest.raises(PoolUnreachable, match=r"pool1\.lab, which is to take over"):
        judge_failback(P1, P2, told(silent=(P1,), p2=(2, P2)), other_is_served_by=P2, disaster=True)


def test_a_pool_that_was_failed_over_comes_back() -> None:
    move = judge_failback(P1, P2, told(p1=(2, P2), p2=(2, P2)), other_is_served_by=P2, disaster=False)

    assert (move.direction, move.home, move.source, move.target) == (Direction.FAILBACK, P1, P2, P1)


def test_failback_of_a_pool_that_is_not_failed_over_is_refused() -> None:
    with pytest.raises(NotFailedOver, match="it serves its users itself"):
        judge_failback(P1, P2, told(p1=(3, P1), p2=(3, P1)), other_is_served_by=P2, disaster=False)


def test_failback_with_another_name_than_the_failovers_says_which_is_meant() -> None:
    with pytest.raises(NotFailedOver, match=r"it is pool1\.lab that is failed over, to pool2\.lab"):
        judge_failback(P2, P1, told(P2, p1=(1, P2), p2=(1, P2)), other_is_served_by=P2, disaster=False)


def test_failback_while_the_backup_pool_is_down_is_refused_unless_it_is_a_disaster() -> None:
    alone = told(silent=(P2,), p1=(2, P2))

    with pytest.raises(PoolDown, match="connection refused") as refused:
        judge_failback(P1, P2, alone, other_is_served_by=P2, disaster=False)
    assert "-DisasterMode" in refused.value.hint
    assert judge_failback(P1, P2, alone, other_is_served_by=P2, disaster=True).target == P1


@pytest.mark.parametrize(("serving", "target"), [(P1, P2), (P2, P1)])
def test_the_cms_goes_to_the_one_that_does_not_serve_it(serving: str, target: str) -> None:
    move = judge_cms_move((P1, P2), told("cms", p1=(2, serving), p2=(2, serving)))

    assert (move.direction, move.source, move.target) == (Direction.CMS, serving, target)


def test_the_cms_stays_where_nobody_answers() -> None:
    with pytest.raises(PoolUnreachable):
        judge_cms_move((P1, P2), told("cms", silent=(P1, P2)))
    with pytest.raises(PoolUnreachable, match=r"pool2\.lab, which is to take over"):
        judge_cms_move((P1, P2), told("cms", silent=(P2,), p1=(1, P1)))


def test_the_highest_term_is_the_word_that_counts() -> None:
    newest = told(p1=(3, P1), p2=(2, P2)).newest

    assert newest is not None
    assert newest["Term"] == 3
    assert told(silent=(P1, P2)).newest is None
