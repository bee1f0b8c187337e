"""What runbooks of the original call beside backup and failover, against a pair that a test has written down."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.twinpool.archive.test_archive import write as write_archive
from tests.unit.twinpool_services.cli.answering import deployment_text
from tests.unit.twinpool_services.cli.pair_double import P1, P2, Pair
from twinpool_services.cli.exit_codes import ExitCode

Run = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def found(run_command: Run) -> Callable[..., Any]:
    def as_json(*words: str) -> Any:
        code, out, err = run_command(*words, "--format", "json")
        assert code == ExitCode.OK, err
        return json.loads(out)

    return as_json


def test_pools_and_their_front_ends_are_shown_without_asking_anybody(found: Callable[..., Any]) -> None:
    assert found("Get-CsPool", "POOL1*") == {
        "Identity": P1,
        "Fqdn": P1,
        "Computers": [f"fe1.{P1}"],
        "BackupPoolFqdn": P2,
        "HostsCentralManagement": True,
    }


def test_the_active_central_management_store_is_told_from_the_one_that_stands_by(found: Callable[..., Any]) -> None:
    rows = found("Get-CsService", "-CentralManagement")

    assert {row["Identity"]: row["Active"] for row in rows} == {
        f"CentralManagement:{P1}": False,
        f"CentralManagement:{P2}": True,
    }


def test_the_state_of_a_pool_follows_from_who_serves_it(failing_pair: Pair, found: Callable[..., Any]) -> None:
    failing_pair.serving[P1] = P2

    row = found("Get-CsRegistrarConfiguration", f"service:Registrar:{P1}")

    assert (row["PoolState"], row["ServingPool"], row["BackupStoreUnavailableThreshold"]) == ("FailedOver", P2, None)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("-PoolState", "Active"), "Invoke-CsPoolFailover"),
        (("-BackupStoreUnavailableThreshold", "00:30:00"), "deployment.backup_store_unavailable_threshold"),
    ],
)
def test_a_registrar_is_not_set_by_hand(run_command: Run, words: tuple[str, ...], part: str) -> None:
    code, _, err = run_command("Set-CsRegistrarConfiguration", f"service:Registrar:{P1}", *words)

    assert code == ExitCode.REFUSED
    assert part in err


@pytest.mark.parametrize("identity", ["global", "site:Rome", "service:UserServer:pool1.lab"])
def test_only_the_registrar_of_a_pool_has_a_configuration(run_command: Run, identity: str) -> None:
    code, _, err = run_command("Get-CsRegistrarConfiguration", identity)

    assert code == ExitCode.USAGE
    assert "service:Registrar:" in err


@pytest.mark.parametrize("interval", ["-FailureDetectionInterval", "-FailbackDetectionInterval"])
@pytest.mark.parametrize("span", ["00:00:29", "1.00:00:01", "soon"])
def test_an_interval_of_a_registrar_is_thirty_seconds_to_a_day(run_command: Run, interval: str, span: str) -> None:
    code, _, err = run_command("Set-CsRegistrar", f"Registrar:{P1}", interval, span)

    assert code == ExitCode.USAGE
    assert interval in err


def test_an_interval_needs_a_backup_registrar(run_command: Run, tmp_path: Path) -> None:
    (tmp_path / "twinpool.toml").write_text(deployment_text({P1: [1], P2: [2]}, pairs=""))

    code, _, err = run_command("Set-CsRegistrar", f"Registrar:{P1}", "-FailureDetectionInterval", "00:05:00")

    assert code == ExitCode.USAGE
    assert "only with a backup registrar" in err


def test_no_timer_moves_users(run_command: Run) -> None:
    code, _, err = run_command("Set-CsRegistrar", f"Registrar:{P1}", "-FailureDetectionInterval", "00:05:00")

    assert code == ExitCode.REFUSED
    assert "Invoke-CsPoolFailover -PoolFqdn pool1.lab" in err


def test_the_store_is_tested_and_what_lags_behind_is_a_failure(
    failing_pair: Pair, run_command: Run, tmp_path: Path
) -> None:
    assert run_command("Test-CsManagementServer")[0] == ExitCode.OK

    failing_pair.up_to_date = False
    code, _, err = run_command("Test-CsManagementServer", "-Report", str(tmp_path / "report.json"))

    assert code == ExitCode.FAILED
    assert f"{P1}: it stands at 3 of 4" in err
    assert json.loads((tmp_path / "report.json").read_text())["Succeeded"] is False


def test_a_store_that_nobody_serves_fails_its_test(failing_pair: Pair, run_command: Run) -> None:
    failing_pair.dead = {P1, P2}

    code, _, err = run_command("Test-CsManagementServer")

    assert code == ExitCode.FAILED
    assert "does not work" in err


def test_the_roles_of_groups_are_asked_for_as_runbooks_do(found: Callable[..., Any], run_command: Run) -> None:
    code, out, err = run_command(
        "shell", "--command", '(Get-CsAdminRole | Where-Object {$_.Cmdlets -match "Backup-CsPool"}).Identity'
    )

    assert (code, out.split()) == (ExitCode.OK, ["RTCUniversalServerAdmins"]), err
    viewer = found("Get-CsAdminRole", "-Filter", "*View*")
    assert "Get-CsBackupServiceConfiguration" in viewer["Cmdlets"]
    assert not {"Set-CsBackupServiceConfiguration", "Get-CsBackupServiceStatus"} & set(viewer["Cmdlets"])


def test_an_archive_is_verified_and_written_again(run_command: Run, found: Callable[..., Any], tmp_path: Path) -> None:
    source, target = tmp_path / "one.zip", tmp_path / "two.zip"
    write_archive(source)
    words = ("Convert-CsUserData", "-InputFile", str(source), "-OutputFile", str(target), "-TargetVersion", "Current")

    assert found(*words) == {"InputFile": str(source), "OutputFile": str(target)}
    assert target.read_bytes() == source.read_bytes()
    assert run_command(*words)[0] == ExitCode.USAGE  # It is there already.
    source.write_bytes(source.read_bytes()[:-100])
    code, _, err = run_command(*words, "-Force")
    assert (code, "the archive is refused" in err) == (ExitCode.USAGE, True)


def test_at_a_terminal_what_is_missing_is_asked_for(run_command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{P1}\n"))

    code, out, err = run_command("Get-CsPoolBackupRelationship")

    assert "supply values for the following parameters" in err
    assert "PoolFqdn: " in err
    assert (code, P2 in out) == (ExitCode.OK, True), err


def test_whoever_answers_nothing_is_told_what_is_missing(run_command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("\n"))

    code, _, err = run_command("Get-CsBackupServiceStatus")

    assert (code, "needs -PoolFqdn" in err) == (ExitCode.USAGE, True), err


def test_the_shell_asks_for_what_is_missing_as_well(run_command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{P2}\n"))

    code, out, _ = run_command("shell", "--command", "(Get-CsPoolBackupRelationship).BackupPoolFqdn")

    assert (code, out.split()) == (ExitCode.OK, [P1])


def test_flushing_says_that_nothing_waits(run_command: Run) -> None:
    code, _, err = run_command("Invoke-CsStorageServiceFlush", "-PoolFqdn", P1, "-FlushType", "FullFlush")

    assert code == ExitCode.OK
    assert "nothing to flush" in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("Convert-CsUserData", "-In", "a", "-Out", "b", "-Target", "Lync2010"), "one format"),
        (("Update-CsUserData", "a.zip"), "give -TargetPoolFqdn"),
        (("Sync-CsUserData", "-PoolFqdn", P1, "-RoutingGroup", "x"), "no routing groups"),
        (("Export-CsUserData", "-PoolFqdn", P1, "-FileName", "a", "-SqlInstanceName", "rtc"), "is refused"),
        (("Import-CsUserData", "-PoolFqdn", P1, "-FileName", "a", "-RoutingGroupFilter", "x"), "no routing groups"),
        (("Get-CsBackupServiceStatus", "-PoolFqdn", P1, "-Category", "RGS"), "no response groups"),
        (("Set-CsBackupServiceConfiguration", "-EnableRgsBackupService", "1"), "no response groups"),
        (("Remove-CsBackupServiceConfiguration",), "needs -Identity"),
        (("Remove-CsBackupServiceConfiguration", "site:Rome"), "global"),
        (("Get-CsBackupServiceConfiguration", "-Identity", "site:Rome"), "global"),
        (("Get-CsBackupServiceConfiguration", "-Identity", "global", "-Filter", "g*"), "cannot be used together"),
        (("Backup-CsPool", "-PoolFqdn", P1, "-FullBackup", "-SteadyState"), "cannot be used together"),
        (("Backup-CsPool", "-PoolFqdn", P1, "-FailedOverPoolOnly"), "needs -FullBackup"),
        (("Invoke-CsManagementServerFailover", "-BackupSqlServerFqdn", P1), "needs -Force"),
        (("Invoke-CsBackupServiceSync", "-PoolFqdn", P1, "-BackupModule", "Mail"), "PresenceFocus"),
        (("Get-CsBackupServiceStatus", "-PoolFqdn", P1, "-Category", "Mail"), "UserData"),
        (
            ("Set-CsBackupServiceConfiguration", "-MaxBatches", "1"),
            "-MaxBatchesPerCmsSync, -MaxBatchesPerUserStoreSync",
        ),
    ],
)
def test_what_the_original_refuses_or_this_has_not_is_refused_with_its_reason(
    run_command: Run, words: tuple[str, ...], part: str
) -> None:
    code, _, err = run_command(*words)

    assert code == ExitCode.USAGE
    assert part in err


def test_what_has_no_effect_is_accepted_with_a_warning_unless_forced(run_command: Run) -> None:
    words = ("Get-CsService", "-CentralManagement", "-LocalStore")

    _, _, err = run_command(*words)

    assert "WARNING: -LocalStore has no effect" in err


def test_verbose_tells_who_was_asked(run_command: Run) -> None:
    _, _, err = run_command("Get-CsService", "-CentralManagement", "-Verbose")

    assert f"VERBOSE: fe1.{P1}: GET /v1/pools/{P1}/homes/cms/standing: 200" in err
