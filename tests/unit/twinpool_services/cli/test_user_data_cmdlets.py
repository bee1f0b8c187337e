"""The refusals of the cmdlets that back up user data, and what a report says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.answering import Answer, Asked, deployment_text, front_end
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

ROW = {"Identity": "UserServices.PresenceFocus", "Reason": "", "HeadPosition": 3, "AcknowledgedPosition": 3}
STATES: dict[str, str] = {"pool1.lab": "FinalState", "pool2.lab": "NonSteadyState"}


def answer(asked: Asked) -> Answer:
    """Pool 1 is done, pool 2 never is, nobody is active in pool 3, and it has no backup pool."""
    path = asked.target.partition("?")[0]
    pool = path.split("/")[3] if path.startswith("/v1/pools/") else ""
    backup = {"pool1.lab": "pool2.lab", "pool2.lab": "pool1.lab"}.get(pool)
    match asked.method, path.rpartition("/")[2]:
        case "GET", "homes":
            homes = [{"Home": name, "ServingPool": name} for name in ("pool1.lab", "pool2.lab")]
            return 200, {"Homes": homes, "Next": None}
        case "GET", "backup-relationship":
            return 200, {"PoolFqdn": pool, "BackupPoolFqdn": backup}
        case "GET", "sync":
            return 200, {"PoolFqdn": pool, "Requests": []}
        case "POST", "sync":
            return 202, {"PoolFqdn": pool, "BackupModules": [ROW["Identity"]], "Full": False}
        case "GET", "import-progress":
            return 200, {"Staging": False}
        case "POST", "removal":
            return 200, {"PoolFqdn": pool, "BackupData": []}
        case "GET", "backup-status":
            active = None if pool == "pool2.lab" else "fe1"
            rows = [{**ROW, "ExportStatus": STATES.get(pool, "")}]
            return 200, {"BackupPoolFqdn": backup, "ActiveMachineFqdn": active, "BackupModules": rows}
        case _:
            return 404, {"detail": f"nothing at {path}"}


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command; return exit code, output and errors."""

    def run_words(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return code, *capsys.readouterr()

    with front_end(answer) as one, front_end(answer) as two, front_end(answer) as three:
        ports = {"pool1.lab": [one.port], "pool2.lab": [two.port], "pool3.lab": [three.port]}
        path = tmp_path / "lab.toml"
        path.write_text(deployment_text(ports), encoding="utf-8")
        monkeypatch.setenv("TWINPOOL_DEPLOYMENT", str(path))
        yield run_words


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-PoolFqdn", "pool1.lab", "-FullBackup", "-SteadyState"], ExitCode.USAGE, "cannot be used together"),
        (["-PoolFqdn", "pool1.lab", "-FailedOverPoolOnly"], ExitCode.USAGE, "needs -FullBackup"),
        (["-PoolFqdn", "pool1.lab", "-FailedOverPoolOnly", "-SteadyState"], ExitCode.USAGE, "needs -FullBackup"),
        (["-PoolFqdn", "pool1.lab", "-Category", "RGS"], ExitCode.USAGE, "must be one of"),
        (["-PoolFqdn", "pool1.lab", "-RetryCount", "0"], ExitCode.USAGE, "whole number"),
        (["-PoolFqdn", "pool1.lab", "-WaitTime", "00:00:00"], ExitCode.USAGE, "time span"),
        (["-PoolFqdn", "pool1.lab", "-Report", "/nowhere/at/all.html"], ExitCode.USAGE, "cannot be written"),
        (["-PoolFqdn", "pool9.lab"], ExitCode.NOT_FOUND, "there is no pool"),
        (["-PoolFqdn", "pool3.lab"], ExitCode.REFUSED, "has no backup pool"),
    ],
)
def test_a_backup_that_makes_no_sense_is_refused(
    run: Run, words: list[str], code: ExitCode, said: str, tmp_path: Path
) -> None:
    report = [] if "-Report" in words else ["-Report", str(tmp_path / "r.html")]
    found, _, err = run("Backup-CsPool", *words, *report)

    assert (found, said in err) == (code, True), err


def test_a_backup_writes_its_report_over_an_older_one(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("older")

    code, out, _ = run("Backup-CsPool", "-PoolFqdn", "pool1.lab", "-Report", str(report), "--format", "json")

    assert code == ExitCode.OK
    assert json.loads(report.read_text()) == json.loads(out)
    assert json.loads(out)["Succeeded"] is True


def test_a_backup_that_does_not_come_to_its_end_fails_with_the_reason(run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    words = ["-PoolFqdn", "pool2.lab", "-RetryCount", "2", "-WaitTime", "00:00:00.01", "-Report", str(report)]

    code, _, err = run("Backup-CsPool", *words)

    assert code == ExitCode.UNREACHABLE
    assert "after 2 checks: UserServices.PresenceFocus is in NonSteadyState" in err
    assert "NonSteadyState" in report.read_text()


def test_a_pool_that_is_not_failed_over_needs_no_backup_before_failback(run: Run) -> None:
    code, out, err = run("Backup-CsPool", "-PoolFqdn", "pool1.lab", "-FullBackup", "-FailedOverPoolOnly")

    assert (code, out) == (ExitCode.OK, "")
    assert "is not failed over: nothing was done" in err


def test_user_data_goes_both_ways_or_to_the_target_alone(run: Run) -> None:
    for words, pools in (([], ["pool1.lab", "pool2.lab"]), (["-Target"], ["pool1.lab"])):
        code, out, _ = run("Sync-CsUserData", "-PoolFqdn", "pool1.lab", *words, "--format", "json")
        found = json.loads(out)
        assert code == ExitCode.OK
        assert [one["PoolFqdn"] for one in (found if isinstance(found, list) else [found])] == pools


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-PoolFqdn", "pool2.lab"], ExitCode.REFUSED, "not active on pool2.lab"),
        (["-PoolFqdn", "pool3.lab"], ExitCode.REFUSED, "has no backup pool"),
        (["-PoolFqdn", "pool1.lab", "-RoutingGroup", "g"], ExitCode.USAGE, "no routing groups"),
    ],
)
def test_user_data_that_cannot_be_synchronised(run: Run, words: list[str], code: ExitCode, said: str) -> None:
    found, _, err = run("Sync-CsUserData", *words)

    assert (found, said in err) == (code, True), err


def test_nothing_is_removed_by_what_if(run: Run) -> None:
    code, out, err = run("Remove-CsUserStoreBackupData", "-PoolFqdn", "pool1.lab", "-WhatIf")

    assert (code, out) == (ExitCode.OK, "")
    assert "What if: would remove the data of former backup pools from pool1.lab" in err


def test_where_nothing_is_left_nothing_is_removed(run: Run) -> None:
    code, _, err = run("Remove-CsUserStoreBackupData", "-PoolFqdn", "pool1.lab")

    assert (code, "There is no data of a former backup pool" in err) == (ExitCode.OK, True)
