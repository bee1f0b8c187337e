"""The verbs of failover and receipts, and the replicas of the CMS, against a pair that a test has written down."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.unit.twinpool_services.cli.pair_double import NAME, P1, P2, Pair
from twinpool_services.cli.exit_codes import ExitCode

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pair(failing_pair: Pair) -> Pair:
    return failing_pair


@pytest.fixture
def run(run_command: Run) -> Run:
    return run_command


@pytest.mark.parametrize("which", [P1, NAME])
def test_what_has_ended_is_not_resumed(run: Run, which: str) -> None:
    code, _, err = run("failover", "resume", which)

    assert (code, "has ended" in err) == (ExitCode.REFUSED, True)


def test_an_operation_is_aborted(run: Run, pair: Pair) -> None:
    pair.outcome = ("requested", "quiesced")

    code, _, err = run("failover", "abort", P1, "--reason", "wrong pool")

    assert (code, f"{NAME} is aborted" in err) == (ExitCode.OK, True)


def test_receipts_are_listed_and_shown(run: Run, pair: Pair) -> None:
    listed, out, _ = run("receipts", "list", P1)
    shown, receipt, _ = run("receipts", "show", NAME)
    pair.dead.add(P1)
    partly, _, err = run("receipts", "list")

    assert (listed, shown, partly) == (ExitCode.OK, ExitCode.OK, ExitCode.OK)
    assert out.splitlines()[2].split()[:2] == [NAME, "Failover"]
    assert "Decided     2026-11-23T12:00:00.250000Z 0.0" in receipt
    assert "WARNING: pool1.lab could not be read" in err
    pair.dead.clear()
    assert run("receipts", "show", "nothing")[0] == ExitCode.NOT_FOUND
    pair.dead.update((P1, P2))
    assert run("receipts", "list")[0] == ExitCode.UNREACHABLE


def test_the_status_tells_what_each_pool_knows_and_who_is_silent(run: Run, pair: Pair) -> None:
    pair.dead.add(P1)

    code, out, err = run("failover", "status", P1)

    assert (code, [line.split()[0] for line in out.splitlines()[2:]]) == (ExitCode.OK, [P2])
    assert "WARNING: pool1.lab could not be read" in err


def test_replicas_of_the_cms_are_shown_all_or_one(run: Run, pair: Pair) -> None:
    status = "Get-CsManagementStoreReplicationStatus"
    pair.up_to_date = False

    _, both, _ = run(status)
    _, one, _ = run(status, P1, "--format", "json")
    unknown, _, _ = run(status, "-ReplicaFqdn", "pool9.lab")

    assert [line.split()[-1] for line in both.splitlines() if line.startswith("False")] == ["1.2.3", "1.2.3"]
    assert (json.loads(one)["ReplicaFqdn"], json.loads(one)["UpToDate"]) == (P1, False)
    assert unknown == ExitCode.NOT_FOUND


def test_a_cms_that_is_down_has_no_active_master(run: Run, pair: Pair) -> None:
    words = ("Get-CsManagementStoreReplicationStatus", "-CentralManagementStoreStatus", "--format", "json")
    _, alive, _ = run(*words)
    pair.dead.update((P1, P2))
    code, down, _ = run(*words)

    assert json.loads(alive)["ActiveMasterFqdn"] == "fe1.pool2.lab"
    assert (code, json.loads(down)["ActiveMasterFqdn"], json.loads(down)["ActiveFileTransferAgents"]) == (0, None, [])
