"""What of a timeline counts as a failure of the run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from twinpool_services.chaos.history import FaultSpan
from twinpool_services.chaos.scenario.file import parse_scenario
from twinpool_services.chaos.scenario.planning import plan_of
from twinpool_services.chaos.stage import RunFailed, Stage
from twinpool_services.chaos.timeline import Timeline

FAILOVER = """
name = "mine"
title = "Mine."
seconds = 1
[[fault]]
kind = "failover"
target = "pool1.lab"
at = 0.0
[expect]
moves = "{moves}"
"""


def run(outcome: str | RunFailed, moves: str) -> tuple[list[str], list[str]]:
    """Return the failures of a run in which a failover comes to this, and what is noted of it."""

    def move(_home: str, _to: str) -> str:
        if isinstance(outcome, RunFailed):
            raise outcome
        return outcome

    stage = SimpleNamespace(move=move, pair_of=lambda _home: ("pool1.lab", "pool2.lab"))
    noted: list[FaultSpan] = []
    plan = plan_of(parse_scenario(FAILOVER.format(moves=moves), "mine.toml"), 1)
    timeline = Timeline(cast("Stage", stage), plan, lambda: 2.0, noted.append)
    timeline.run()
    return timeline.failures, [span.said for span in noted]


@pytest.mark.parametrize("moves", ["done", "ended"])
def test_a_move_that_was_done_is_no_failure(moves: str) -> None:
    assert run("done", moves) == ([], ["done"])


def test_a_move_that_came_to_nothing_is_a_failure_unless_that_was_allowed() -> None:
    assert run("aborted: the records differ", "done")[0] == ["failover pool1.lab: aborted: the records differ"]
    assert run("aborted: the records differ", "ended") == ([], ["aborted: the records differ"])


def test_a_move_that_was_refused_is_a_failure_unless_that_was_allowed() -> None:
    assert run(RunFailed("it is served there"), "done")[0] == ["failover pool1.lab: it is served there"]
    assert run(RunFailed("it is served there"), "ended") == ([], ["failed: it is served there"])
