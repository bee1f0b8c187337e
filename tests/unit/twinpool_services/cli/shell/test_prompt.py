"""The shell at a terminal: keys go in, and what was typed is done, completed, kept or forgotten."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.unit.twinpool_services.cli.shell.conftest import Pair
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.shell.completion import Knowledge, complete
from twinpool_services.cli.shell.prompt import interact, knowledge_of, open_history
from twinpool_services.cli.shell.session import Session

CTRL_C, CTRL_D = "\x03", "\x04"

Type = Callable[[str], int]


@pytest.fixture
def typed(pair: Pair) -> Type:
    """Type keys into a shell, and return the exit code with which it is left."""

    def type_keys(keys: str) -> int:
        with create_pipe_input() as pipe:
            pipe.send_text(keys)
            return interact(Session(), InMemoryHistory(), pipe, DummyOutput())

    return type_keys


def test_lines_are_run_and_ctrl_d_leaves(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    code = typed("$s = Get-CsBackupServiceStatus -PoolFqdn pool1.lab\r$s.BackupModules.Count\r" + CTRL_D)

    assert (code, capsys.readouterr().out) == (0, "3\n")


def test_exit_leaves_with_its_code(typed: Type) -> None:
    assert typed("exit 7\r") == 7


def test_an_unfinished_line_is_asked_for_further(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    typed('1, 2 |\rForEach-Object {\r"<$_>" }\r' + CTRL_D)

    assert capsys.readouterr().out == "<1>\n<2>\n"


def test_ctrl_c_cancels_the_line_and_an_error_does_not_leave(typed: Type, capsys: pytest.CaptureFixture[str]) -> None:
    typed("'never'" + CTRL_C + "$nothing\r'after'\r" + CTRL_D)

    out, err = capsys.readouterr()
    assert out == "after\n"
    assert "there is no variable $nothing" in err


def test_ctrl_c_ends_the_command_that_runs_and_not_the_shell(
    typed: Type, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("twinpool_services.cli.shell.session.carry_out", interrupted)

    typed("Get-CsBackupServiceConfiguration\r'after'\r" + CTRL_D)

    out, err = capsys.readouterr()
    assert (out, err) == ("after\n", "Interrupted.\n")


def test_what_was_typed_is_kept_for_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    history = open_history(folder)
    history.append_string("Get-CsPool")

    file = folder / "shell-history"
    assert "Get-CsPool" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_history_that_cannot_be_kept_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "shell-history").symlink_to(tmp_path / "elsewhere")

    assert isinstance(open_history(tmp_path), InMemoryHistory)
    assert "is not kept" in capsys.readouterr().err


@pytest.fixture
def known(pair: Pair) -> Knowledge:
    session = Session()
    rows = [CmdletObject("Row", {"Identity": "a", "ExportStatus": "b"})]
    session.scope.set("BackupStatus", CmdletObject("Status", {"PoolFqdn": "pool1.lab", "BackupModules": rows}))
    return knowledge_of(session)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("get-csbackupservices", ["Get-CsBackupServiceStatus"]),
        ("Get-CsBackupServiceStatus -Poo", ["-PoolFqdn"]),
        ("Get-CsBackupServiceStatus \N{EN DASH}Poo", ["-PoolFqdn"]),
        ("Get-CsBackupServiceStatus -PoolFqdn ", ["pool1.lab", "pool2.lab"]),
        ("Get-CsBackupServiceStatus -PoolFqdn pool2", ["pool2.lab"]),
        ("$x = Invoke-CsBackupServiceSync -PoolFqdn pool1.lab -BackupModule Us", ["UserServices.PresenceFocus"]),
        ("Get-CsBackupServiceStatus -Category U", ["UserData"]),
        ("$Back", ["$BackupStatus"]),
        ("$BackupStatus.", ["PoolFqdn", "BackupModules"]),
        ("$backupstatus.back", ["BackupModules"]),
        ("$BackupStatus.BackupModules[0].E", ["ExportStatus"]),
        ("$BackupStatus.BackupModules | Where-Object { $_.Exp", ["ExportStatus"]),
        ("$BackupStatus.BackupModules | Format-Table Id", ["Identity"]),
        ("$BackupStatus.BackupModules | Sort-", ["Sort-Object"]),
        ("1 | Where-Object { $_ -notl", ["-notlike"]),
        ("Get-Help Backup-", ["Backup-CsPool"]),
        ("'Get-Cs", []),
        ("Get-Nothing -", []),
    ],
)
def test_what_may_come_next_is_offered(known: Knowledge, before: str, expected: list[str]) -> None:
    assert [one.text for one in complete(before, known)] == expected
