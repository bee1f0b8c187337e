"""A scenario in which the kernel parts a pool from the others: it is parted for real, and joined again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.labs import P1
from tests.rabbitmq_server import require_rabbitmq
from twinpool_services.chaos.history import Outcome, read_history
from twinpool_services.chaos.running import Runner
from twinpool_services.chaos.scenario.file import parse_scenario
from twinpool_services.chaos.scenario.planning import plan_of
from twinpool_services.chaos.stage import Stage
from twinpool_services.chaos.surroundings import CannotBeDoneHere
from twinpool_services.lab import open_display

pytestmark = [
    pytest.mark.rabbitmq,
    pytest.mark.timeout(400),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces"),
    pytest.mark.skipif(shutil.which("iptables", path="/usr/sbin:/sbin") is None, reason="iptables is not installed"),
]

BEGINS, ENDS = 1.0, 9.0
SETTLED = 0.5  #: seconds by when the kernel has parted them, or what was under way has arrived
PARTED = f"""
name = "parted"
title = "The backup pool is parted for a while."
seconds = 11
[topology]
network = "namespaces"
front_ends = 1
[[fault]]
kind = "partition"
target = "pool2.lab"
at = {BEGINS}
lasts = {ENDS - BEGINS}
"""


def test_nothing_passes_while_the_kernel_parts_a_pool_and_everything_afterwards(tmp_path: Path) -> None:
    require_rabbitmq()
    scenario = parse_scenario(PARTED, "parted.toml")
    try:
        with Stage(scenario.topology, open_display(quiet=True)) as stage:
            verdict = Runner(tmp_path, open_display(quiet=True)).run(stage, plan_of(scenario, seed=1))
    except CannotBeDoneHere as error:
        pytest.skip(str(error))

    assert (verdict.word, verdict.violations, verdict.failures) == ("passed", (), ())
    history = read_history(Path(verdict.directory))
    assert [span.said for span in history.faults] == ["both, by the kernel"]
    written = [one.completed for one in history.operations if one.is_write and one.outcome is Outcome.OK]
    seen = {
        sample.asked: pool.pending
        for sample in history.samples
        if BEGINS + 2 * SETTLED <= sample.asked < ENDS - 0.5
        for pool in sample.pools
        if pool.pool == P1 and pool.pending is not None
    }
    meanwhile = {at: sum(BEGINS + SETTLED < completed < at - 0.5 for completed in written) for at in seen}
    assert any(meanwhile.values())
    passed_on = {at: (seen[at], count) for at, count in meanwhile.items() if seen[at] < count}
    assert not passed_on, "what was written while the pools were parted was acknowledged"
