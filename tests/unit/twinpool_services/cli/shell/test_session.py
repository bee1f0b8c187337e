"""The shell as an operator uses it, against a pair that a test has written down."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.shell.conftest import Pair, Run
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

STATUS = "$s = Get-CsBackupServiceStatus -PoolFqdn pool1.lab\n"


def test_the_two_lines_of_the_seed_print_the_table_of_the_seed(run: Run) -> None:
    code, out, err = run(
        "$BackupStatus = Get-CsBackupServiceStatus \N{EN DASH}PoolFqdn pool1.lab\n$BackupStatus.BackupModules"
    )

    assert (code, err) == (ExitCode.OK, "")
    assert out.splitlines() == [
        "Identity                   ExportStatus ImportStatus",
        "--------                   ------------ ------------",
        "UserServices.PresenceFocus FinalState   NormalState",
        "ConfServices.DataConf      SteadyState  NormalState",
        "CentralMgmt.CMSMaster      FinalState   NormalState",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("($s.BackupModules | Where-Object { $_.ExportStatus -eq 'FinalState' }).Count", "2"),
        ("($s.BackupModules | ? ExportStatus -ne finalstate).Identity", "ConfServices.DataConf"),
        ("($s.BackupModules | where PendingChanges).Identity", "ConfServices.DataConf"),
        ("@($s.BackupModules | where PendingChanges -Not).Count", "2"),
        ("($s.BackupModules | where Identity -Match '^user').Identity", "UserServices.PresenceFocus"),
        ("($s.BackupModules | where Identity -Like *focus).Identity", "UserServices.PresenceFocus"),
        (
            "($s.BackupModules | where { -not $_.PendingChanges -and $_.Identity -like 'c*' }).Identity",
            "CentralMgmt.CMSMaster",
        ),
        ("$s.BackupModules | select -ExpandProperty Identity -First 1", "UserServices.PresenceFocus"),
        ("$s.BackupModules | select -ExpandProperty Identity -Last 1", "CentralMgmt.CMSMaster"),
        ("($s.BackupModules | select ExportStatus -Unique).Count", "2"),
        ("($s.BackupModules | sort PendingChanges -Descending)[0].Identity", "ConfServices.DataConf"),
        ("($s.BackupModules | sort Identity).Identity[0]", "CentralMgmt.CMSMaster"),
        ("($s.BackupModules | Measure-Object PendingChanges -Sum -Average).Sum", "7"),
        ("($s.BackupModules | measure).Count", "3"),
        ("$s.BackupModules | % Identity | select -Skip 2", "CentralMgmt.CMSMaster"),
        ('1, 2, 3 | ForEach-Object { "<$_>" } | select -Last 1', "<3>"),
        ('"$($s.PoolFqdn) has $($s.BackupModules.Count)"', "pool1.lab has 3"),
        ("$s.BackupModules[-1].Identity", "CentralMgmt.CMSMaster"),
        ("$s['PoolFqdn']", "pool1.lab"),
        ("$s.BackupModules.Identity -contains 'confservices.dataconf'", "True"),
        ("'b' -in 'a', 'b'", "True"),
        ("5 -gt '10'", "False"),
        ("'5' -gt '10'", "True"),
        ("'00:02:00' -lt '1.00:00:00'", "True"),
        ("1, 5, 9 -gt 4", "5\n9"),
        ("$null -eq $false", "False"),
        ("$true -and -not $false", "True"),
        ("(Get-Command Get-CsBackup*).Count", "2"),
        ("'{\"a\": [1, 2]}' | ConvertFrom-Json | % { $_.a } | measure -Sum | % Sum", "3"),
        ("(1, 2 | ConvertTo-Json -Compress)", "[1, 2]"),
        (
            "$s.BackupModules | select -First 1 Identity, Nothing | ConvertTo-Csv",
            '"Identity","Nothing"\n"UserServices.PresenceFocus",""',
        ),
        ("$s | Get-Member Over* | % Name", "OverallExportStatus\nOverallImportStatus"),
    ],
)
def test_pipelines_and_expressions_mean_what_they_mean_in_powershell(run: Run, text: str, expected: str) -> None:
    code, out, err = run(STATUS + text)

    assert (code, err, out.rstrip("\n")) == (ExitCode.OK, "", expected)


def test_format_commands_choose_the_properties(run: Run) -> None:
    _, out, _ = run(STATUS + "$s.BackupModules | Format-Table Identity, Pend*\n$s | fl Pool*")

    assert out.splitlines() == [
        "Identity                   PendingChanges",
        "--------                   --------------",
        "UserServices.PresenceFocus 0",
        "ConfServices.DataConf      7",
        "CentralMgmt.CMSMaster      0",
        "",
        "PoolFqdn : pool1.lab",
    ]


def test_texts_flow_into_the_cmdlet_that_takes_them(run: Run, pair: Pair) -> None:
    code, _, err = run("'pool1.lab', 'pool2.lab' | Invoke-CsBackupServiceSync -BackupModule DataConf")

    assert (code, err) == (ExitCode.OK, "")
    assert [one.target for one in pair.asked] == ["/v1/pools/pool1.lab/sync", "/v1/pools/pool2.lab/sync"]


@pytest.mark.parametrize(
    "how", ["$c | Set-CsBackupServiceConfiguration", "Set-CsBackupServiceConfiguration -Instance $c"]
)
def test_an_edited_configuration_is_set_as_an_instance(run: Run, pair: Pair, how: str) -> None:
    code, _, err = run(f"$c = Get-CsBackupServiceConfiguration; $c.MaxConcurrentCalls = 12; {how} -Force")

    assert (code, err) == (ExitCode.OK, "")
    assert pair.configuration.max_concurrent_calls == 12


def test_what_a_cmdlet_does_not_take_is_refused(run: Run, pair: Pair) -> None:
    code, _, err = run(STATUS + "$s | Get-CsBackupServiceStatus")

    assert code == ExitCode.USAGE
    assert "Get-CsBackupServiceStatus takes nothing from the pipeline" in err
    assert len(pair.asked) == 1


def test_an_object_for_a_cmdlet_that_takes_texts_is_refused_with_advice(run: Run) -> None:
    code, _, err = run(STATUS + "$s | Invoke-CsBackupServiceSync")

    assert code == ExitCode.USAGE
    assert "-PoolFqdn from the pipeline; there came BackupServiceStatus; choose a property" in err


def test_the_first_error_ends_a_script_and_is_told_with_its_line(run: Run) -> None:
    code, out, err = run("'before'\n\nGet-CsPoolBackupRelationship -PoolFqdn pool9.lab\n'after'")

    assert code == ExitCode.NOT_FOUND
    assert out == "before\n"
    assert err.startswith("twinpool: line 3, column 1: there is no pool 'pool9.lab'")


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("Get-CsPoolBackupRelationship -PoolFqdn pool9.lab -ErrorAction Continue; $?; $LASTEXITCODE", (), True),
        ("Get-CsPoolBackupRelationship -PoolFqdn pool9.lab; $?; $LASTEXITCODE", ("--keep-going",), True),
        (
            "$ErrorActionPreference = 'continue'\nGet-CsPoolBackupRelationship pool9.lab -Pool pool9.lab\n$?; 2",
            (),
            True,
        ),
        ("Get-CsPoolBackupRelationship -PoolFqdn pool9.lab -ea SilentlyContinue; $?; $LASTEXITCODE", (), False),
    ],
)
def test_errors_that_are_no_reason_to_end_are_told_and_counted(
    run: Run, text: str, words: tuple[str, ...], said: bool
) -> None:
    code, out, err = run(text, *words)

    assert out.splitlines()[0] == "False"
    assert bool(err) is said
    assert bool(code) is said


def test_stop_ends_a_script_that_otherwise_goes_on(run: Run) -> None:
    code, out, _ = run("Get-CsPoolBackupRelationship -PoolFqdn pool9.lab -ErrorAction Stop; 'after'", "--keep-going")

    assert (code, out) == (ExitCode.NOT_FOUND, "")


def test_a_script_chooses_its_exit_code(run: Run) -> None:
    assert run("'a'; exit 42; 'b'")[:2] == (42, "a\n")
    assert run("exit")[0] == ExitCode.OK
    assert run("exit 256")[0] == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("$never", "there is no variable $never"),
        ("$x = 1; $x.Foo", "there is no property Foo"),
        (STATUS + "$s.BackupModule", "there are PoolFqdn, BackupPoolFqdn"),
        ("$x = 1, 2; $x[2]", "there is no item 2"),
        ("$true = 1", "$true cannot be set"),
        ("'a' -match '('", "no regular expression"),
        ("1 -gt 'b'", "no number"),
        ("-'b'", "where a command should be"),
        ("$_", "this is no block"),
        ("Get-Foo", "there is no command Get-Foo"),
        ("Get-CsBackupStatus", "did you mean Get-CsBackupServiceStatus"),
        ("1 | Select-Object -F 1 -L x", "-Last 'x': must be a whole number"),
        ("1 | Where-Object", "needs a block"),
        ("1 | ForEach-Object -Process 1", "takes a block"),
        ("Get-CsBackupServiceStatus -P pool1.lab -Ba $null", "given nothing"),
        ("Set-CsBackupServiceConfiguration -MaxB 1", "-MaxBatchesPerCmsSync, -MaxBatchesPerUserStoreSync"),
        ("1 | Format-Table | ConvertTo-Json", "1"),
        (STATUS + "$s | Format-Table | ConvertTo-Json", "can only be shown"),
        ("$ErrorActionPreference = 'Maybe'", "must be Stop, Continue or SilentlyContinue"),
        ("Get-CsBackupServiceConfiguration --format xml", "must be table, list or json"),
        ("Set-CsBackupServiceConfiguration -SyncInterval 00:00:01", "00:00:05"),
    ],
)
def test_what_goes_wrong_is_told(run: Run, text: str, part: str) -> None:
    code, out, err = run(text)

    assert part in err + out
    assert code == (ExitCode.OK if text.startswith("1 | Format") else ExitCode.USAGE)


def test_what_is_wrong_with_a_file_is_told_by_its_name_and_line(
    pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "runbook.ps1"
    script.write_text("'a'\n$x = ,\n", encoding="utf-8-sig")

    assert main(["shell", str(script)]) == ExitCode.USAGE
    assert "runbook.ps1: line 2, column 6" in capsys.readouterr().err


def test_a_script_comes_from_standard_input(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("$x = 'a', 'b'\n$x.Count\n"))

    assert main(["shell"]) == ExitCode.OK
    assert capsys.readouterr().out == "2\n"


def test_files_are_written(run: Run, tmp_path: Path) -> None:
    table, text = tmp_path / "modules.csv", tmp_path / "out.txt"

    code, _, err = run(
        STATUS + f"$s.BackupModules | Export-Csv '{table}'\n$s.BackupModules[0] | Export-Csv '{table}' -Append\n"
        f"$s.BackupModules | Out-File '{text}'\n'a' | Out-File '{text}' -NoClobber"
    )

    assert code == ExitCode.FAILED
    assert "could not be written" in err
    assert len(table.read_text().splitlines()) == 5
    assert text.read_text().startswith("Identity ")


def test_a_common_option_of_the_command_line_is_taken_in_the_shell_as_well(run: Run) -> None:
    _, out, _ = run("Get-CsBackupServiceConfiguration --format json")

    assert json.loads(out)["SyncInterval"] == "00:02:00"


@pytest.mark.parametrize("text", ["Get-Help Invoke-CsPoolFailover", "Invoke-CsPoolFailover -?"])
def test_help_is_at_hand(run: Run, text: str) -> None:
    code, out, _ = run(text)

    assert code == ExitCode.OK
    assert "SYNTAX" in out
    assert "-DisasterMode" in out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["Get-Help", "Backup-CsPool", "-Parameter", "Report"], "-Report <String>"),
        (["get-command", "*-CsPool"], "Backup-CsPool"),
        (["Get-Alias", "ft"], "Format-Table"),
        (["Get-Help", "Backup-CsPool", "-Examples"], "twinpool Backup-CsPool"),
    ],
)
def test_help_is_a_command_of_the_system_as_well(
    pair: Pair, capsys: pytest.CaptureFixture[str], words: list[str], part: str
) -> None:
    assert main(words) == ExitCode.OK
    assert part in capsys.readouterr().out


def test_every_example_of_every_command_can_be_read() -> None:
    from twinpool_services.cli.cmdlets import CMDLETS
    from twinpool_services.cli.shell.catalogue import Catalogue
    from twinpool_services.cli.shell.parser import parse

    examples = [example for command in Catalogue(CMDLETS) for example in command.examples]

    assert len(examples) > 40
    for example in examples:
        assert parse(example).statements


@pytest.mark.parametrize(
    "text",
    [
        "Remove-CsBackupServiceConfiguration -Identity global",
        "Get-CsBackupServiceConfiguration | Remove-CsBackupServiceConfiguration",
    ],
)
def test_removing_the_configuration_sets_every_setting_to_its_default(run: Run, pair: Pair, text: str) -> None:
    pair.configuration = pair.configuration.changed(MaxConcurrentCalls=12, SyncInterval="00:03:00")

    assert run(text)[0] == ExitCode.OK
    assert pair.configuration == BackupServiceConfiguration()


def test_what_if_changes_nothing(run: Run, pair: Pair) -> None:
    pair.configuration = pair.configuration.changed(MaxConcurrentCalls=12)

    _, _, err = run("Remove-CsBackupServiceConfiguration global -wi")

    assert "What if: would set every setting" in err
    assert pair.configuration.max_concurrent_calls == 12
