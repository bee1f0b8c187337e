"""An operation in words: what was reached, what is to come, and what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from twinpool_services.dashboard.drawing.operation_view import title_of, view_of

P1, P2 = "pool1.lab", "pool2.lab"


def operation(*steps: str, **more: object) -> dict[str, Any]:
    times = [{"Step": step, "At": f"2026-11-25T20:00:0{nth}Z"} for nth, step in enumerate(steps)]
    usual = {
        "Home": P1,
        "SourcePoolFqdn": P1,
        "TargetPoolFqdn": P2,
        "Term": 2,
        "Step": steps[-1],
        "Steps": times,
        "Ended": steps[-1] in {"done", "aborted"},
        "Failure": None,
        "Confirmed": True,
        "DisasterMode": False,
        "PrepareOnly": False,
        "SkipDataVerification": False,
        "Heads": [],
    }
    return {**usual, **more}


def test_what_was_reached_is_told_in_words_and_what_is_to_come_is_named() -> None:
    view = view_of(operation("requested", "quiesced"))

    assert [(step.word, step.seconds) for step in view.steps[:2]] == [("Decided", 0.0), ("ReadOnly", 1.0)]
    assert view.steps[1].told.startswith(f"{P1} takes no more writes")
    assert [step.word for step in view.steps[2:]] == [
        "Drained",
        "Verified",
        "HandingOver",
        "HandedOver",
        "Serving",
        "Done",
    ]
    assert [step.newest for step in view.steps].index(True) == 1
    assert (view.mark, view.result) == ("steadystate", "under way")


def test_a_step_that_was_passed_over_is_not_to_come_any_more() -> None:
    view = view_of(operation("requested", "quiesced", "drained", "verified", "handing-over", "serving"))

    assert [step.word for step in view.steps if not step.at] == ["Done"]


@pytest.mark.parametrize("steps", [("requested", "aborting"), ("requested", "quiesced", "aborting", "aborted")])
def test_what_comes_to_nothing_has_nothing_to_come(steps: tuple[str, ...]) -> None:
    view = view_of(operation(*steps, Failure="the backlog took too long"))

    assert all(step.at for step in view.steps)
    assert "the backlog took too long" in view.steps[-1].told


@pytest.mark.parametrize(
    ("more", "title"),
    [
        ({}, "Failover"),
        ({"DisasterMode": True}, "Failover after a disaster"),
        ({"PrepareOnly": True}, "Failover, only prepared"),
        ({"TargetPoolFqdn": P1, "SourcePoolFqdn": P2}, "Failback"),
        ({"Home": "cms"}, "Failover of the Central Management store"),
    ],
)
def test_it_is_called_what_operators_call_it(more: dict[str, object], title: str) -> None:
    assert title_of(operation("requested", **more)) == title
