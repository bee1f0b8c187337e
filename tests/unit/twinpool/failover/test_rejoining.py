"""Who serves is settled with the partner, or by the policy for a silent one; the lower term gives way, always."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twinpool.failover.messages import Standing, StandingWanted
from twinpool.failover.rejoining import (
    INTERVAL,
    REPEAT,
    Ask,
    Demote,
    Heard,
    HigherTermHeard,
    Inherit,
    LinkUp,
    Policy,
    Rejoining,
    RejoiningAction,
    RejoiningEvent,
    TellStanding,
    Tick,
)
from twinpool.vocabulary.home import HomeStatus, Mode, OnPartnerSilent, TermBeginning
from twinpool.vocabulary.names import Home, Instant, ModuleName, PoolFqdn, Position, Term

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
HOME = Home(P1)
ASK = 7  #: the generation of our term of office
BEGAN = 100.0
SERVING = HomeStatus(home=HOME, term=Term(1), serving_pool=P1, mode=Mode.READ_WRITE)
IMPORTING = replace(SERVING, serving_pool=P2)


def beginning(term: int, pool: PoolFqdn, position: int = 5) -> TermBeginning:
    module = ModuleName("UserServices.PresenceFocus")
    return TermBeginning(home=HOME, module=module, term=Term(term), serving_pool=pool, position=Position(position))


def standing(term: int, pool: PoolFqdn, *history: TermBeginning, ask: int = ASK) -> Heard:
    told = Standing(ask=ask, term=Term(term), serving_pool=pool, mode=Mode.READ_WRITE, history=history)
    return Heard(told)


class Scene:
    """Pool 1's machine, and what it durably knows."""

    def __init__(self, policy: Policy | None = None, *, status: HomeStatus = SERVING, settled: bool = False) -> None:
        self.status = status
        self.machine = Rejoining(P1, ASK, policy or Policy(), Instant(BEGAN), settled=settled)

    def at(self, seconds: float, event: RejoiningEvent | None = None) -> list[RejoiningAction]:
        """Let something happen so many seconds after the beginning; a tick unless it is named."""
        return self.machine.handle(event or Tick(), self.status, Instant(BEGAN + seconds))

    @property
    def serves(self) -> bool:
        return self.machine.may_serve(self.status)


def test_a_pool_that_has_been_away_asks_before_it_serves() -> None:
    scene = Scene()
    assert not scene.serves
    assert not scene.machine.may_resume()
    assert scene.at(0.0) == [Ask(StandingWanted(ask=ASK))]
    assert scene.machine.doubt == "the partner has not answered yet"


def test_it_asks_again_until_it_is_answered_and_seldom_after_that() -> None:
    scene = Scene()
    scene.at(0.0)
    assert scene.at(REPEAT - 0.1) == []
    assert scene.at(REPEAT) == [Ask(StandingWanted(ask=ASK))]
    scene.at(REPEAT, standing(1, P1))
    assert scene.at(REPEAT + INTERVAL - 0.1) == []
    assert scene.at(REPEAT + INTERVAL) == [Ask(StandingWanted(ask=ASK))]


def test_it_asks_at_once_when_the_link_comes_up_for_what_was_asked_before_is_lost() -> None:
    scene = Scene()
    scene.at(0.0)
    assert scene.at(0.2, LinkUp()) == [Ask(StandingWanted(ask=ASK))]
    assert scene.at(0.2 + REPEAT - 0.1) == []
    assert scene.at(0.2 + REPEAT) == [Ask(StandingWanted(ask=ASK))]


def test_it_asks_over_a_link_that_is_back_even_if_it_was_answered_before() -> None:
    scene = Scene()
    scene.at(0.5, standing(1, P1))
    assert scene.at(1.0, LinkUp()) == [Ask(StandingWanted(ask=ASK))]
    assert scene.serves


def test_what_the_partner_confirms_is_served() -> None:
    scene = Scene()
    assert scene.at(0.5, standing(1, P1)) == []
    assert scene.serves
    assert scene.machine.may_resume()


def test_an_answer_that_was_not_asked_for_in_this_term_of_office_settles_nothing() -> None:
    for ask in (0, ASK - 1, ASK + 1):
        scene = Scene()
        assert scene.at(0.5, standing(1, P1, ask=ask)) == []
        assert not scene.serves


def test_a_pool_that_was_not_away_serves_at_once() -> None:
    scene = Scene(settled=True)
    assert scene.serves
    assert scene.machine.may_resume()


def test_nobody_serves_what_another_pool_serves_by_its_own_knowledge() -> None:
    scene = Scene(status=IMPORTING)
    scene.at(0.5, standing(1, P2))
    assert not scene.serves
    assert scene.machine.may_resume()


# ── a partner that is silent ────────────────────────────────────────────────────────────────────────────────────


def test_a_silent_partner_is_waited_for_and_then_the_pool_goes_by_its_own_word() -> None:
    scene = Scene(Policy(timeout=10.0))
    scene.at(9.9)
    assert not scene.serves
    scene.at(10.0)
    assert scene.serves
    assert scene.machine.may_resume()


def test_with_read_only_a_silent_partner_is_waited_for_as_long_as_it_takes() -> None:
    scene = Scene(Policy(timeout=10.0, on_silent=OnPartnerSilent.READ_ONLY))
    for seconds in (10.0, 100.0, 10_000.0):
        scene.at(seconds)
        assert not scene.serves
        assert "ReadOnly" in scene.machine.doubt
        assert scene.machine.may_resume()  # So that it can be failed over, for example.
    scene.at(10_001.0, standing(1, P1))
    assert scene.serves


def test_with_read_only_a_partner_that_has_answered_once_may_fall_silent() -> None:
    scene = Scene(Policy(timeout=10.0, on_silent=OnPartnerSilent.READ_ONLY))
    scene.at(0.5, standing(1, P1))
    scene.at(10_000.0)
    assert scene.serves


def test_without_a_threshold_silence_never_fences() -> None:
    scene = Scene(settled=True)
    scene.at(1_000_000.0)
    assert scene.serves


@pytest.mark.parametrize(
    "policy", [Policy(fence_after=30.0), Policy(fence_after=30.0, on_silent=OnPartnerSilent.SERVE)]
)
def test_silence_beyond_the_threshold_fences_until_the_partner_is_heard(policy: Policy) -> None:
    scene = Scene(policy, settled=True)
    scene.at(30.0)
    assert scene.serves
    scene.at(30.1)
    assert not scene.serves
    assert scene.machine.doubt == "nothing was heard of the partner for 30 s"
    scene.at(31.0, standing(1, P1))
    assert scene.serves
    scene.at(61.0)
    assert scene.serves
    scene.at(61.1)
    assert not scene.serves


def test_answers_to_others_do_not_count_against_silence() -> None:
    scene = Scene(Policy(fence_after=30.0), settled=True)
    scene.at(29.0, standing(1, P1, ask=ASK - 1))
    scene.at(30.1)
    assert not scene.serves


def test_a_threshold_below_the_timeout_counts_after_it() -> None:
    scene = Scene(Policy(timeout=10.0, fence_after=5.0))
    scene.at(10.0)
    assert not scene.serves
    assert "nothing was heard" in scene.machine.doubt


def test_a_pool_that_fences_itself_soon_asks_often_enough_to_hear_in_time() -> None:
    scene = Scene(Policy(fence_after=3.0), settled=True)
    for second in range(60):
        for action in scene.at(float(second)):
            assert isinstance(action, Ask)
            scene.at(second + 0.2, standing(1, P1, ask=action.message.ask))
        assert scene.serves


# ── higher terms ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_higher_term_is_given_way_to_with_the_whole_of_what_it_tells() -> None:
    scene = Scene()
    history = (beginning(2, P2), beginning(3, P1), beginning(4, P2, 9))
    assert scene.at(0.5, standing(4, P2, *history)) == [Demote(Term(4), P2, history)]
    assert not scene.serves
    assert not scene.machine.may_resume()


def test_it_is_believed_whoever_was_to_hear_it() -> None:
    for ask in (0, ASK - 1):
        scene = Scene(settled=True)
        assert scene.at(50.0, standing(2, P2, beginning(2, P2), ask=ask)) == [
            Demote(Term(2), P2, (beginning(2, P2),)),
        ]


def test_once_given_way_the_next_answer_settles_it() -> None:
    scene = Scene()
    scene.at(0.5, standing(2, P2, beginning(2, P2)))
    scene.status = replace(SERVING, term=Term(2), serving_pool=P2)
    scene.at(0.6)
    assert not scene.machine.may_resume()
    scene.at(0.7, standing(2, P2, beginning(2, P2)))
    assert scene.machine.may_resume()
    assert not scene.serves


def test_a_rumour_of_a_higher_term_stops_serving_and_is_asked_about_at_once() -> None:
    scene = Scene(settled=True)
    scene.at(0.0)
    assert scene.at(0.1, HigherTermHeard(Term(2))) == [Ask(StandingWanted(ask=ASK))]
    assert not scene.serves
    assert not scene.machine.may_resume()
    assert "term 2" in scene.machine.doubt
    assert scene.at(0.1 + REPEAT) == [Ask(StandingWanted(ask=ASK))]


def test_a_rumour_is_no_matter_of_waiting() -> None:
    scene = Scene(Policy(timeout=1.0), settled=True)
    scene.at(0.1, HigherTermHeard(Term(2)))
    scene.at(1_000.0)
    assert not scene.serves


def test_a_rumour_of_what_is_known_already_is_nothing() -> None:
    scene = Scene(settled=True)
    scene.at(0.0)
    assert scene.at(0.1, HigherTermHeard(Term(1))) == []
    assert scene.serves
    scene.at(0.2, HigherTermHeard(Term(3)))
    assert scene.at(0.3, HigherTermHeard(Term(2))) == []


def test_a_partner_that_has_slept_through_a_term_is_told_without_having_asked() -> None:
    scene = Scene(status=replace(SERVING, term=Term(3)))
    assert scene.at(0.5, standing(1, P2)) == [TellStanding(0)]
    assert scene.serves  # It has answered: there is nothing higher.


def test_whoever_asks_is_told_with_the_number_of_the_question() -> None:
    scene = Scene()
    assert scene.at(0.5, Heard(StandingWanted(ask=42))) == [TellStanding(42)]
    assert not scene.serves


# ── a term that was given up to us ──────────────────────────────────────────────────────────────────────────────


def test_a_term_that_the_partner_has_given_up_to_us_is_inherited_from_where_it_begins() -> None:
    scene = Scene(status=replace(IMPORTING, term=Term(2)))
    history = (beginning(2, P2), beginning(3, P1, 9))
    assert scene.at(0.5, standing(3, P1, *history)) == [Inherit(Term(3), (beginning(3, P1, 9),))]
    assert not scene.serves
    scene.status = replace(SERVING, term=Term(3))
    scene.at(0.6, standing(3, P1, *history))
    assert scene.serves


def test_a_higher_term_of_ours_that_we_know_nothing_of_moves_nothing() -> None:
    """We serve in term 1 and are said to serve in term 3: our store went back. Nobody may write on top of that."""
    scene = Scene()
    assert scene.at(0.5, standing(3, P1, beginning(2, P2), beginning(3, P1))) == []
    assert not scene.serves
    assert "term 3" in scene.machine.doubt
