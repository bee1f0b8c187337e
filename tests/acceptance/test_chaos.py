"""Scenarios of the stock on real labs: they pass on what we ship, and catch bugs that are planted into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rabbitmq_server import require_rabbitmq
from twinpool_services.chaos.history import read_history
from twinpool_services.chaos.judging import Verdict
from twinpool_services.chaos.running import Runner
from twinpool_services.chaos.scenario.planning import plan_of
from twinpool_services.chaos.scenario.stock import find_scenario
from twinpool_services.chaos.stage import Stage
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main
from twinpool_services.lab import open_display

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(600)]

PLANTED = Path(__file__).parent / "planted"
NO_BUG = "none"


class Ground:
    """One lab for all tests of this module; its front ends have the bug that is chosen."""

    def __init__(self, stage: Stage, results: Path, bug: Path) -> None:
        self._stage, self._bug = stage, bug
        self._runner = Runner(results, open_display(quiet=True))

    def run(self, scenario: str, bug: str = NO_BUG) -> Verdict:
        """Run a scenario of the stock, then make the lab whole again."""
        self._bug.write_text(bug, encoding="ascii")
        try:
            return self._runner.run(self._stage, plan_of(find_scenario(scenario), seed=1))
        finally:
            self._bug.write_text(NO_BUG, encoding="ascii")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    require_rabbitmq()
    bug = tmp_path_factory.mktemp("planted") / "bug"
    bug.write_text(NO_BUG, encoding="ascii")
    path = os.pathsep.join(filter(None, [str(PLANTED), os.environ.get("PYTHONPATH", "")]))
    environment = {"PYTHONPATH": path, "PLANTED_BUG": str(bug)}
    with Stage(find_scenario("steady").topology, open_display(quiet=True), environment) as stage:
        yield Ground(stage, tmp_path_factory.mktemp("results"), bug)


def test_what_we_ship_passes_and_leaves_a_history_and_a_report(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = ground.run("active-killed")

    assert (verdict.word, verdict.violations, verdict.failures) == ("passed", (), ())
    assert verdict.figures.answered >= 10
    assert verdict.figures.take_overs >= 1
    history = read_history(Path(verdict.directory))
    assert history.samples
    assert history.finals
    assert main(["chaos", "report", verdict.directory]) == ExitCode.OK
    page = Path(capsys.readouterr().out.strip().replace("\n", ""))
    assert page.is_relative_to(verdict.directory)
    assert "kill active of pool1.lab" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("bug", "scenario", "checks"),
    [
        ("acknowledge before commit", "steady", {"acknowledged too early", "FinalState while stores differ"}),
        (
            "no duplicate check",
            "messages-replay",
            {"prefix", "stores differ"},
        ),
        ("no fencing", "planned-failover", {"two servers of a home", "duplicated effect"}),
    ],
)
def test_a_planted_bug_is_caught_by_a_scenario_of_the_stock(
    ground: Ground, bug: str, scenario: str, checks: set[str]
) -> None:
    verdict = ground.run(scenario, bug)

    assert verdict.word == "violated", verdict
    assert checks & {violation.check for violation in verdict.violations}
