"""What is said of a pair, and drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import Markup

from tests.unit.twinpool_services.dashboard.scenes import NOW, P1, P2, PRESENCE, facts, parsed, pool, route
from twinpool.vocabulary.states import ExportState
from twinpool_services.dashboard.drawing.marks import mark
from twinpool_services.dashboard.drawing.pair_picture import narrow_picture, wide_picture
from twinpool_services.dashboard.drawing.pair_view import PairView, pair_view
from twinpool_services.dashboard.drawing.states import WORDS_OF

HOMES: dict[str, tuple[int, str]] = {P1: (1, P1), P2: (1, P2), "cms": (1, P1)}


def pair(*, reasons: bool = True, second: dict[str, Any] | None = None, **said: Any) -> PairView:
    """A pair whose first pool sends PresenceFocus; what is said is of that route."""
    first = pool(P1, P2, facts(P1, [route(P2, home=P1, **said)], homes=HOMES))
    other = pool(P2, P1, facts(P2, [route(P1, home=P2)], homes=HOMES), **(second or {}))
    return pair_view(first, other, now=NOW, reasons=reasons)


def test_each_direction_has_its_flow() -> None:
    assert [(flow.source, flow.destination, flow.state) for flow in pair().flows] == [
        (P1, P2, "FinalState"),
        (P2, P1, "FinalState"),
    ]


def test_a_pool_serves_what_it_serves_in_the_highest_term_that_anybody_tells() -> None:
    first = pool(P1, P2, facts(P1, [], homes={P1: (1, P1)}))
    other = pool(P2, P1, facts(P2, [], homes={P1: (2, P2)}))

    view = pair_view(first, other, now=NOW, reasons=True)

    assert view.first.serves == ()
    assert view.second is not None
    assert [(served.home, served.term) for served in view.second.serves] == [(P1, 2)]


def test_a_dead_pool_is_dead_and_what_it_told_last_is_not_taken_for_what_is() -> None:
    view = pair(second={"answers": False, "told_at": NOW - 40})

    assert view.second is not None
    assert not view.second.answers
    assert view.second.last_heard == NOW - 40
    assert [flow.state for flow in view.flows] == ["FinalState", "unknown"]
    assert {health.state for health in view.second.health} == {"unknown"}


def test_reasons_are_for_those_who_may_call_the_backup_service() -> None:
    said: dict[str, Any] = {"export_status": "ErrorState", "failure": "the disk is full"}

    assert pair(**said).flows[0].reason == "the disk is full"
    assert pair(reasons=False, **said).flows[0].reason == ""


def test_lag_is_that_of_what_is_pending() -> None:
    assert pair(pending_changes=0, oldest_pending_seconds=3.0).flows[0].lag == 0.0
    assert pair(pending_changes=5, oldest_pending_seconds=3.0).flows[0].lag == 3.0


@pytest.mark.parametrize("state", [*ExportState, "unknown"])
def test_every_state_has_a_word_and_a_shape(state: str) -> None:
    assert WORDS_OF[state]
    assert len(parsed(mark(state))) >= 1


def test_no_two_states_look_the_same_without_colours() -> None:
    shapes = {mark(state).replace(state.lower(), "") for state in ExportState}

    assert len(shapes) == len(ExportState)


@pytest.mark.parametrize("draw", [wide_picture, narrow_picture])
def test_the_picture_says_in_words_what_it_shows(
    draw: Callable[[PairView, str], Markup],
) -> None:
    picture = parsed(draw(pair(module="A<b>.Mail&", pending_changes=12), "pair0"))

    texts = " ".join(picture.itertext())
    assert picture.get("role") == "img"
    told = str(picture.get("aria-labelledby")).split()
    assert {element.get("id") for element in picture} >= set(told)
    assert "Mail&" in texts
    assert "12 pending" in texts
    assert "fe1.pool1.lab is active" in texts


def test_a_pool_without_a_partner_is_drawn_alone() -> None:
    view = pair_view(pool(P1, None, facts(P1, [], homes=HOMES)), None, now=NOW, reasons=True)

    assert "has no backup pool" in " ".join(parsed(wide_picture(view, "p")).itertext())


def test_the_module_is_called_by_its_last_name_and_by_its_home_where_that_was_moved() -> None:
    first = pool(P1, P2, facts(P1, [route(P2, home=P1), route(P2, home=P2)], homes=HOMES))

    view = pair_view(first, pool(P2, P1, None), now=NOW, reasons=True)

    assert {flow.module for flow in view.flows} == {PRESENCE}
    assert [flow.name for flow in view.flows] == ["PresenceFocus", "PresenceFocus of pool2.lab"]
