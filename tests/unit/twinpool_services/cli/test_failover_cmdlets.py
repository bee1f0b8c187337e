"""The cmdlets and verbs of failover, against a pair of front ends that a test has written down."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.twinpool_services.cli.answering import deployment_text
from tests.unit.twinpool_services.cli.pair_double import NAME, P1, P2, PRESENCE, Pair
from twinpool_services.cli import failover_following
from twinpool_services.cli.exit_codes import ExitCode

Run = Callable[..., tuple[int, str, str]]
OVER = ("Invoke-CsPoolFailover", "-PoolFqdn", P1)
BACK = ("Invoke-CsPoolFailback", "-PoolFqdn", P1)


@pytest.fixture
def pair(failing_pair: Pair) -> Pair:
    return failing_pair


@pytest.fixture
def run(run_command: Run) -> Run:
    return run_command


def test_a_planned_failover_asks_the_backup_pool_and_ends_in_a_receipt(run: Run, pair: Pair) -> None:
    code, out, err = run("invoke-cspoolfailOver", "-PoolFqdn", P1, "--format", "json")

    assert (code, err) == (ExitCode.OK, "")
    assert pair.wishes == [
        {
            "Home": P1,
            "DisasterMode": False,
            "PlanToken": None,
            "WaitTime": 60.0,
            "SkipDataVerification": False,
            "PrepareOnly": False,
        }
    ]
    receipt = json.loads(out)
    assert (receipt["Receipt"], receipt["Result"], receipt["TargetPoolFqdn"]) == (NAME, "Done", P2)
    assert [step["Step"] for step in receipt["Steps"]][-2:] == ["Serving", "Done"]


def test_verbose_tells_each_check_and_each_step_with_its_time(run: Run) -> None:
    _, _, err = run(*OVER, "-Verbose")

    assert "VERBOSE: check TargetFrontEnds: Passed" in err
    assert f"VERBOSE: 12:00:01.250Z quiesced: {P1} takes no more writes: {PRESENCE} at 7" in err
    assert err.index("requested:") < err.index("handed-over:") < err.index("done:")


def test_parameters_are_passed_on(run: Run, pair: Pair) -> None:
    run(*OVER, "-WaitTime", "00:00:07.500", "-SkipDataVerification", "-PrepareForFailoverOnly")

    wish = pair.wishes[0]
    assert (wish["WaitTime"], wish["SkipDataVerification"], wish["PrepareOnly"]) == (7.5, True, True)


def test_parameters_without_a_meaning_here_are_accepted(run: Run) -> None:
    accepted = ("-FlushStorageService", "-DatabaseCommandTimeoutInSeconds", "30", "-ServicesStopDelayMins", "1")
    more = ("-PromptOnError", "-NoPerformanceCounters", "-Force")

    assert run(*OVER, *accepted, *more)[0] == ExitCode.OK


def test_a_failback_waits_fifteen_seconds_unless_told_otherwise(run: Run, pair: Pair) -> None:
    pair.serving[P1] = P2

    assert run(*BACK)[0] == ExitCode.OK
    assert run("failback", P1, "--wait", "00:01:00")[0] == ExitCode.OK

    assert [wish["WaitTime"] for wish in pair.wishes] == [15.0, 60.0]


@pytest.mark.parametrize("words", [(*OVER, "-HealthCheckOnly"), (*BACK, "-HealthCheckOnly")])
def test_a_health_check_does_nothing(run: Run, pair: Pair, words: tuple[str, ...]) -> None:
    pair.serving[P1] = P1 if words[0] == OVER[0] else P2

    code, out, _ = run(*words)

    assert (code, pair.wishes) == (ExitCode.OK, [])
    assert out.count("Passed") == (7 if words[0] == OVER[0] else 6)  # Of a failover also where Edge servers go.


@pytest.mark.parametrize(
    ("sick", "said", "ignoring"),
    [
        ({"export_status": "ErrorState"}, "in ErrorState", "-IgnoreBackupServiceErrorState"),
        ({"up_to_date": False}, "it stands at 3 of 4", "-IgnoreCMSDelay"),
        ({"ready": False}, "the disk is full", "-IgnoreTargetPoolFEsNotRunning"),
        ({"ready": False}, "the disk is full", "-ServersToIgnore:fe1.pool2.lab"),
    ],
)
def test_what_is_sick_blocks_unless_it_is_ignored(
    run: Run, pair: Pair, sick: dict[str, Any], said: str, ignoring: str
) -> None:
    for name, value in sick.items():
        setattr(pair, name, value)

    code, _, err = run(*OVER)
    checked, out, _ = run(*OVER, "-HealthCheckOnly")

    assert (code, checked, pair.wishes) == (ExitCode.REFUSED, ExitCode.REFUSED, [])
    assert said in err
    assert "Failed" in out
    assert run(*OVER, ignoring)[0] == ExitCode.OK
    assert len(pair.wishes) == 1


def test_who_may_not_see_the_backup_status_may_move_users_all_the_same(run: Run, pair: Pair) -> None:
    pair.tells_status = False

    checked, out, _ = run(*OVER, "-HealthCheckOnly")

    assert checked == ExitCode.OK, out
    assert "Failed" not in out
    assert run(*OVER)[0] == ExitCode.OK


def test_without_an_active_front_end_nothing_moves_for_the_cms_has_none_either(run: Run, pair: Pair) -> None:
    pair.active = False

    code, _, err = run(*OVER, "-SkipFabricHealthCheck")

    assert (code, pair.wishes) == (ExitCode.REFUSED, [])
    assert "the Central Management store does not work" in err


@pytest.mark.parametrize("mode", [(), ("-DisasterMode", "-Force")])
def test_the_cms_has_to_leave_the_pool_first(run: Run, pair: Pair, mode: tuple[str, ...]) -> None:
    pair.serving["cms"] = P1

    code, _, err = run(*OVER, *mode)

    assert (code, pair.wishes) == (ExitCode.REFUSED, [])
    assert "Invoke-CsManagementServerFailover" in err


def test_a_source_that_is_gone_is_a_disaster_and_asked_nothing(run: Run, pair: Pair) -> None:
    pair.dead.add(P1)
    pair.outcome = ("requested", "drained", "serving", "done")

    refused, _, err = run(*OVER)
    code, out, _ = run(*OVER, "-DisasterMode", "-Force", "--format", "json")

    assert (refused, code) == (ExitCode.REFUSED, ExitCode.OK)
    assert "-DisasterMode" in err
    assert [wish["PlanToken"] for wish in pair.wishes] == ["token-1"]
    receipt = json.loads(out)
    assert (receipt["MissingChanges"], receipt["PoolsAgree"]) == (3, None)
    assert receipt["NotRead"] == ["pool1.lab: pool1.lab has no store"]


@pytest.mark.parametrize(
    ("reply", "code", "wishes"), [("y\n", ExitCode.OK, 1), ("n\n", ExitCode.OK, 0), ("", ExitCode.USAGE, 0)]
)
def test_a_disaster_shows_what_is_missing_and_asks(
    run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch, reply: str, code: ExitCode, wishes: int
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(reply))

    told, _, err = run(*OVER, "-DisasterMode")

    assert (told, len(pair.wishes)) == (code, wishes)
    assert f"{PRESENCE} 4                    7                 3              2.5" in err
    assert "Go on? [y/N]" in err


@pytest.mark.parametrize("unasked", ["-Force", "-Confirm:$false"])
def test_a_plan_that_nobody_looks_at_may_grow_old(run: Run, pair: Pair, unasked: str) -> None:
    pair.plans = ["token-1", "token-2", "token-2"]

    code, _, _ = run(*OVER, "-DisasterMode", unasked)

    assert code == ExitCode.OK
    assert [wish["PlanToken"] for wish in pair.wishes] == ["token-1", "token-2"]


def test_a_plan_that_somebody_has_seen_may_not(run: Run, pair: Pair) -> None:
    assert run("failover", "execute", "--plan", "token-1", P1)[0] == ExitCode.OK
    pair.plans = ["token-2"]

    code, _, err = run("failover", "execute", "--plan", "token-1", P1)

    assert (code, "the facts have changed" in err) == (ExitCode.REFUSED, True)
    assert [wish["DisasterMode"] for wish in pair.wishes] == [True, True]


def test_confirm_asks_before_a_planned_failover(run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    code, out, err = run(*OVER, "-Confirm")

    assert (code, out, pair.wishes) == (ExitCode.OK, "", [])
    assert "Nothing was done" in err


@pytest.mark.parametrize("words", [OVER, ("Invoke-CsManagementServerFailover",)])
def test_what_if_shows_the_current_and_the_proposed_state(run: Run, pair: Pair, words: tuple[str, ...]) -> None:
    code, out, _ = run(*words, "-WhatIf")

    assert (code, pair.wishes) == (ExitCode.OK, [])
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["Current", "Proposed"]


@pytest.mark.parametrize(
    "words",
    [
        ("Invoke-CsPoolFailover",),
        (*OVER, "-PlanToken", "x"),
        (*OVER, "-DisasterMode", "-PrepareForFailoverOnly"),
        (*OVER, "-WaitTime", "00:00:00"),
        (*OVER, "-WaitTime", "soon"),
        (*OVER, "-PrepareForFailbackOnly"),
        (*BACK, "-FlushStorageService"),
        ("Invoke-CsManagementServerFailover", "-Restore"),
        ("Invoke-CsManagementServerFailover", "-BackupSqlServerFqdn", P1),
        ("Invoke-CsManagementServerFailover", "-PlanToken", "x"),
        ("failover", "execute", "cms", "--wait", "00:01:00"),
    ],
)
def test_what_contradicts_itself_is_wrong_usage(run: Run, pair: Pair, words: tuple[str, ...]) -> None:
    assert run(*words)[0] == ExitCode.USAGE
    assert pair.wishes == []


def test_the_cms_goes_nowhere_outside_of_the_topology(run: Run, pair: Pair) -> None:
    move = ("Invoke-CsManagementServerFailover", "-Force", "-BackupSqlServerFqdn")

    code, _, err = run(*move, "sql9.lab")

    assert (code, pair.wishes) == (ExitCode.REFUSED, [])
    assert "not in the topology" in err
    assert run(*move, P1)[0] == ExitCode.OK
    assert (pair.wishes[0]["Home"], pair.wishes[0]["DisasterMode"]) == ("cms", True)


def test_the_receipt_of_the_cms_can_be_written_to_a_file(run: Run, tmp_path: Path) -> None:
    code, _, _ = run("Invoke-CsManagementServerFailover", "-Report", "receipt.json")

    assert code == ExitCode.OK
    assert json.loads((tmp_path / "receipt.json").read_text())["Operation"] == "ManagementServerFailover"


def test_one_that_comes_to_nothing_is_refused_and_one_that_was_to_prepare_is_not(run: Run, pair: Pair) -> None:
    pair.outcome, pair.failure = ("requested", "quiesced", "aborting", "aborted"), "still quiesced after 60 s"
    code, out, err = run(*OVER)
    pair.outcome = ("requested", "quiesced", "drained", "verified", "aborting", "aborted")
    prepared, _, _ = run(*OVER, "-PrepareForFailoverOnly")

    assert (code, prepared) == (ExitCode.REFUSED, ExitCode.OK)
    assert re.search(r"^Result +: Aborted$", out, re.MULTILINE)
    assert "still quiesced after 60 s" in err


def test_a_failback_of_what_is_not_failed_over_is_refused(run: Run, pair: Pair) -> None:
    pair.serving[P1] = P1
    unmoved = run(*BACK)
    pair.serving[P1] = P2
    other = run("Invoke-CsPoolFailback", "-PoolFqdn", P2)
    pair.dead.add(P2)
    down = run(*BACK)

    assert [each[0] for each in (unmoved, other, down)] == [ExitCode.REFUSED] * 3
    assert f"it is {P1} that is failed over" in other[2]
    assert "-DisasterMode" in down[2]
    assert pair.wishes == []


def test_a_pool_that_also_serves_its_backup_pools_users_says_that_they_stay(run: Run, pair: Pair) -> None:
    pair.serving[P2] = P1

    _, _, err = run(*OVER)

    assert f"WARNING: {P1} serves the users of {P2} as well" in err


def test_an_operation_goes_on_when_whoever_follows_it_is_interrupted(
    run: Run, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(failover_following, "sentence", interrupted)

    code, _, err = run(*OVER, "-Verbose")

    assert (code, len(pair.wishes)) == (ExitCode.INTERRUPTED, 1)
    assert f"twinpool failover resume {NAME}" in err
    assert f"twinpool failover abort {NAME}" in err


@pytest.mark.parametrize("words", [OVER, BACK, ("Invoke-CsManagementServerFailover",), ("failover", "plan", P1)])
def test_a_pool_without_a_backup_pool_goes_nowhere(
    run: Run, pair: Pair, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Reference 28.1."""
    (tmp_path / "twinpool.toml").write_text(deployment_text({P1: [1], P2: [2]}, pairs=""))

    code, _, err = run(*words)

    assert (code, pair.wishes) == (ExitCode.REFUSED, [])
    assert "has no backup pool" in err


@pytest.mark.parametrize("mode", [(), ("-DisasterMode", "-Force")])
def test_a_pool_that_an_edge_server_goes_to_next_is_not_failed_over(
    run: Run, pair: Pair, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    """Reference 15.2 and 28.8."""
    file = tmp_path / "twinpool.toml"
    file.write_text(file.read_text() + f'[[edge]]\nfqdn = "edge1.lab"\nnext_hop = "{P1}"\n')

    code, _, err = run(*OVER, *mode)

    assert (code, pair.wishes) == (ExitCode.REFUSED, [])
    assert "next hop for the Edge server edge1.lab" in err
    assert "edge.next_hop" in err
