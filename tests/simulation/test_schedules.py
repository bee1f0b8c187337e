"""Guarantees 2, 3 and 6, over thousands of schedules; see `twinpool.simulation.checking` for what is checked."""

from __future__ import annotations

import pytest

from tests.simulation.shipped import cast_of
from twinpool.simulation.schedule import play
from twinpool.simulation.shrinking import shrink, story

FAULTS = {
    "asking for content in vain",
    "content missing",
    "crash",
    "crash between",
    "cut",
    "cut while sending",
    "delay",
    "double",
    "drop",
    "forced pruning",
    "import fails",
    "nap",
    "overtaken while fetching",
    "reorder",
    "sign of life",
    "source store loss",
    "stall",
    "store loss",
    "store unavailable",
    "sync",
    "take-over",
    "undeliverable",
}


def test_every_schedule_keeps_the_guarantees_and_converges(
    seeds: range, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in seeds:
        told = request.config.getoption("--seed") is not None
        outcome = play(seed, cast_of(seed), traced=told)
        if told:
            with capsys.disabled():
                print("", *outcome.trace, sep="\n")
        if outcome.violation is not None:
            pytest.fail(story(shrink(outcome, cast_of(seed))), pytrace=False)


def test_a_few_hundred_schedules_meet_every_kind_of_fault() -> None:
    met = {strike.kind for seed in range(300) for strike in play(seed, cast_of(seed)).strikes}
    assert met == FAULTS


def test_schedules_stream_and_send_snapshots_and_resume_them() -> None:
    trace = "\n".join(line for seed in range(40) for line in play(seed, cast_of(seed), traced=True).trace)
    for deed in (": apply ", ": begin ", ": begin_staging ", ": stage ", ": stage_changes ", ": swap_in "):
        assert trace.count(deed) > 10, deed


def test_schedules_outgrow_what_a_lost_store_has_forgotten() -> None:
    trace = "\n".join(line for seed in range(120) for line in play(seed, cast_of(seed), traced=True).trace)
    assert trace.count(": raise_generation ") > 5


def test_a_schedule_replays_exactly() -> None:
    for seed in range(4):
        assert play(seed, cast_of(seed), traced=True) == play(seed, cast_of(seed), traced=True)
