"""The whole command, in this process, against a front end that a test has written down."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.answering import (
    Answer,
    Asked,
    FrontEndDouble,
    deployment_text,
    front_end,
    problem,
)
from twinpool.errors import InvalidParameter
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main, options_last

ROWS = [
    {
        "Identity": identity,
        "ExportStatus": export,
        "ImportStatus": "NormalState",
        "Reason": "",
        "HeadPosition": 3,
        "AcknowledgedPosition": 3,
        "PendingChanges": 0,
        "OldestPendingSeconds": None,
    }
    for identity, export in [
        ("UserServices.PresenceFocus", "FinalState"),
        ("ConfServices.DataConf", "FinalState"),
        ("CentralMgmt.CMSMaster", "NotInitialized"),
    ]
]

STATUS = {
    "PoolFqdn": "pool2.lab",
    "BackupPoolFqdn": "pool1.lab",
    "ActiveMachineFqdn": "fe1.pool2.lab",
    "OverallExportStatus": "FinalState",
    "OverallImportStatus": "NormalState",
    "AsOf": "2026-11-23T05:50:46.625262Z",
    "BackupModules": ROWS,
}

TABLE = """\
PoolFqdn            : pool2.lab
BackupPoolFqdn      : pool1.lab
ActiveMachineFqdn   : fe1.pool2.lab
OverallExportStatus : FinalState
OverallImportStatus : NormalState
AsOf                : 2026-11-23T05:50:46.625262Z

Identity                   ExportStatus   ImportStatus
--------                   ------------   ------------
UserServices.PresenceFocus FinalState     NormalState
ConfServices.DataConf      FinalState     NormalState
CentralMgmt.CMSMaster      NotInitialized NormalState
"""


def answer(asked: Asked) -> Answer:
    """Do what a front end does with what this file asks."""
    path = asked.target.partition("?")[0]
    configuration = BackupServiceConfiguration()
    match asked.method, path:
        case "GET", "/v1/backup-configuration":
            return 200, configuration.to_document()
        case "PATCH", "/v1/backup-configuration" if isinstance(asked.body, dict):
            try:
                return 200, configuration.changed(**asked.body).to_document()
            except InvalidParameter as error:
                return problem(422, "invalid-parameter", str(error), field=error.field)
        case "GET", "/v1/pools/pool2.lab/backup-status":
            return 200, STATUS
        case "GET", "/v1/pools/pool1.lab/backup-status":
            return problem(404, "not-found", "there is no module 'Nonsense.Module'")
        case "GET", "/v1/pools/pool1.lab/backup-relationship":
            return 200, {"PoolFqdn": "pool1.lab", "BackupPoolFqdn": "pool2.lab"}
        case "GET", "/v1/pools/pool3.lab/backup-relationship":
            return 200, {"PoolFqdn": "pool3.lab", "BackupPoolFqdn": None}
        case "POST", _:
            return 202, {"PoolFqdn": "pool1.lab", "BackupModules": ["ConfServices.DataConf"], "Full": False}
        case _:
            return 404, {"detail": f"nothing at {path}"}


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontEndDouble]:
    """One front end for every pool of the deployment file that this process finds."""
    with front_end(answer) as one, front_end(answer) as two, front_end(answer) as three:
        one.asked = two.asked = three.asked
        path = tmp_path / "lab.toml"
        ports = {"pool1.lab": [one.port], "pool2.lab": [two.port], "pool3.lab": [three.port]}
        path.write_text(deployment_text(ports), encoding="utf-8")
        monkeypatch.setenv("TWINPOOL_DEPLOYMENT", str(path))
        yield three


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(double: FrontEndDouble, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; return exit code, output and errors."""

    def run_words(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run_words


@pytest.mark.parametrize(
    "words",
    [
        ["Get-CsBackupServiceStatus", "-PoolFqdn", "pool2.lab"],
        ["get-csbackupservicestatus", "-poolfqdn", "POOL2.LAB"],
        ["Get-CsBackupServiceStatus", "\u2013PoolFqdn", "pool2.lab"],
        ["Get-CsBackupServiceStatus", "-Pool:pool2.lab", "-Force"],
        ["--format", "table", "Get-CsBackupServiceStatus", "-PoolFqdn", "pool2.lab"],
        ["status", "pool2.lab"],
        ["--format=table", "status", "pool2.lab"],
    ],
)
def test_claim_5_the_status_of_a_pool_is_shown(run: Run, words: list[str]) -> None:
    """Claim 5: `Get-CsBackupServiceStatus -PoolFqdn <pool-FQDN>` shows it; claim 18: with an en dash too."""
    assert run(*words) == (ExitCode.OK, TABLE, "")


def test_the_status_as_json_is_what_was_agreed(run: Run) -> None:
    code, out, err = run("Get-CsBackupServiceStatus", "-PoolFqdn", "pool2.lab", "--format", "json")
    assert (code, json.loads(out), err) == (ExitCode.OK, STATUS, "")


@pytest.mark.parametrize(
    ("word", "module"),
    [
        ("All", "All"),
        ("presencefocus", "UserServices.PresenceFocus"),
        ("DataConf", "ConfServices.DataConf"),
        ("CMSMaster", "CentralMgmt.CMSMaster"),
        ("centralmgmt.cmsmaster", "CentralMgmt.CMSMaster"),
        ("Others.Module", "Others.Module"),
    ],
)
def test_claim_12_a_sync_of_any_module_is_forced(run: Run, double: FrontEndDouble, word: str, module: str) -> None:
    """Claim 12: `-BackupModule {All|PresenceFocus|DataConf|CMSMaster}`, and the dotted names."""
    code, _, err = run("Invoke-CsBackupServiceSync", "-PoolFqdn", "pool1.lab", "-BackupModule", word)
    assert (code, err) == (ExitCode.OK, "")
    assert double.asked == [Asked("POST", "/v1/pools/pool1.lab/sync", {"BackupModule": module, "Full": False})]


def test_claim_12_without_a_module_all_are_synchronised(run: Run, double: FrontEndDouble) -> None:
    """Claim 12: the module may be omitted."""
    run("Invoke-CsBackupServiceSync", "-PoolFqdn", "pool1.lab", "-Full")
    run("sync", "pool1.lab", "--full")
    assert [asked.body for asked in double.asked] == [{"BackupModule": "All", "Full": True}] * 2


def test_claim_1_the_configuration_is_shown(run: Run) -> None:
    """Claim 1: `Get-CsBackupServiceConfiguration` shows it; the default for SyncInterval is two minutes."""
    for words in (["Get-CsBackupServiceConfiguration"], ["get-csbackupserviceconfiguration", "-filter", "g*"],
                  ["Get-CsBackupServiceConfiguration", "GLOBAL", "-LocalStore"], ["config", "show"]):  # fmt: skip
        code, out, err = run(*words)
        assert (code, err) == (ExitCode.OK, "")
        assert "SyncInterval               : 00:02:00\n" in out


def test_a_filter_that_does_not_match_finds_nothing(run: Run, double: FrontEndDouble) -> None:
    assert run("Get-CsBackupServiceConfiguration", "-Filter", "site*") == (ExitCode.OK, "", "")
    assert double.asked == []


def test_claim_2_the_sync_interval_is_set(run: Run, double: FrontEndDouble) -> None:
    """Claim 2: `-SyncInterval 00:03:00` sets it; longer means a larger recovery point, which is said."""
    for words in (["Set-CsBackupServiceConfiguration", "-SyncInterval", "00:03:00"],
                  ["config", "set", "sync-interval=00:03:00"]):  # fmt: skip
        code, out, err = run(*words)
        assert (code, out) == (ExitCode.OK, "")
        assert err.startswith("WARNING: SyncInterval decides how much a disaster may lose (the recovery point")
        assert double.asked.pop() == Asked("PATCH", "/v1/backup-configuration", {"SyncInterval": "00:03:00"})


@pytest.mark.parametrize("interval", ["00:00:04", "03:00:01", "soon"])
def test_claim_2_an_interval_out_of_range_is_refused_before_anybody_is_asked(
    run: Run, double: FrontEndDouble, interval: str
) -> None:
    """Claim 2: the interval is one between five seconds and three hours."""
    code, out, err = run("Set-CsBackupServiceConfiguration", "-SyncInterval", interval)
    assert (code, out) == (ExitCode.USAGE, "")
    assert f"-SyncInterval '{interval}'" in err
    assert double.asked == []


def test_several_settings_go_in_one_change(run: Run, double: FrontEndDouble) -> None:
    run(
        *("Set-CsBackupServiceConfiguration", "-Identity", "global", "-MaxConcurrentCalls", "12", "-Force"),
        *("-AuthorizedUniversalGroup", "RTCUniversalServerAdmins,", "CSAdministrator", "-SyncTrigger", "interval"),
    )
    assert double.asked[0].body == {
        "MaxConcurrentCalls": 12,
        "AuthorizedUniversalGroups": ["RTCUniversalServerAdmins", "CSAdministrator"],
        "SyncTrigger": "Interval",
    }


def test_an_edited_instance_can_be_set(run: Run, double: FrontEndDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    _, out, _ = run("Get-CsBackupServiceConfiguration", "--format", "json")
    edited = json.loads(out) | {"Window": 5}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(edited)))
    code, _, err = run("Set-CsBackupServiceConfiguration", "-Instance", "-", "-Linger", "00:00:00.050", "-Force")
    assert (code, err) == (ExitCode.OK, "")
    assert double.asked[-1].body == edited | {"Linger": "00:00:00.050"}


@pytest.mark.parametrize(
    "words",
    [
        ["-Instance", "{}", "-Identity", "global"],
        ["-Instance", "nonsense"],
        ["-Instance", "[]"],
        ["-Instance", '{"Colour": 1}'],
        ["-Instance", '{"Window": 0}'],
        ["-Identity", "site:1", "-Window", "1"],
        [],
    ],
)
def test_what_cannot_be_set_is_refused(run: Run, double: FrontEndDouble, words: list[str]) -> None:
    code, out, err = run("Set-CsBackupServiceConfiguration", *words)
    assert (code, out) == (ExitCode.USAGE, "")
    assert err.startswith("twinpool: ")
    assert double.asked == []


def test_what_if_says_what_it_would_do_and_does_nothing(run: Run, double: FrontEndDouble) -> None:
    code, _, err = run("Set-CsBackupServiceConfiguration", "-Window", "5", "-wi")
    assert (code, err) == (ExitCode.OK, "What if: would set Window to 5.\n")
    assert double.asked == []


@pytest.mark.parametrize(("reply", "calls"), [("y\n", 1), ("n\n", 0), ("", 0)])
def test_confirm_asks_first(
    run: Run, double: FrontEndDouble, monkeypatch: pytest.MonkeyPatch, reply: str, calls: int
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(reply))
    assert run("Invoke-CsBackupServiceSync", "-PoolFqdn", "pool1.lab", "-Confirm")[0] == ExitCode.OK
    assert len(double.asked) == calls


def test_claim_11_the_relationship_is_shown(run: Run) -> None:
    """Claim 11: `Get-CsPoolBackupRelationship -PoolFQDN <poolFQDN>`, with the capitals as printed."""
    code, out, err = run("Get-CsPoolBackupRelationship", "-PoolFQDN", "pool1.lab")
    assert (code, err) == (ExitCode.OK, "")
    assert out == "PoolFqdn  BackupPoolFqdn\n--------  --------------\npool1.lab pool2.lab\n"


def test_a_pool_without_a_backup_pool_is_reported_as_such(run: Run) -> None:
    assert run("Get-CsPoolBackupRelationship", "-PoolFQDN", "pool3.lab")[2].startswith("WARNING: pool3.lab has no")
    assert run("Get-CsPoolBackupRelationship", "-PoolFQDN", "pool3.lab", "-Force")[2] == ""


def test_the_pairs_are_shown_without_asking_anybody(run: Run, double: FrontEndDouble) -> None:
    code, out, _ = run("pairs", "--format", "json")
    assert code == ExitCode.OK
    assert [row["BackupPoolFqdn"] for row in json.loads(out)] == ["pool2.lab", "pool1.lab", None]
    assert double.asked == []


def test_an_error_is_one_line_and_a_hint(run: Run) -> None:
    code, out, err = run("Get-CsBackupServiceStatus", "-PoolFqdn", "pool1.lab", "-BackupModule", "Nonsense.Module")
    assert (code, out) == (ExitCode.NOT_FOUND, "")
    assert err == "twinpool: there is no module 'Nonsense.Module'\n"
    assert run("Get-CsBackupServiceStatus", "-PoolFqdn", "pool9.lab")[0] == ExitCode.NOT_FOUND


def test_an_error_is_a_json_object_where_json_was_asked_for(run: Run) -> None:
    code, out, err = run("Get-CsBackupServiceStatus", "-Colour", "red", "--format", "json")
    assert (code, out) == (ExitCode.USAGE, "")
    error = json.loads(err)["error"]
    assert (error["type"], error["field"], error["exit_code"]) == ("InvalidParameter", "Colour", 2)
    assert "-PoolFqdn, -Category, -BackupModule, -Force" in error["message"]


def test_an_answer_that_lacks_something_is_no_status(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(STATUS, "AsOf")
    code, _, err = run("status", "pool2.lab")
    assert (code, "AsOf" in err) == (ExitCode.FAILED, True)


@pytest.mark.parametrize("mark", ["-?", "--help", "-h"])
def test_help_shows_syntax_parameters_and_examples(run: Run, mark: str) -> None:
    code, out, _ = run("Invoke-CsBackupServiceSync", mark)
    assert code == ExitCode.OK
    assert "SYNTAX\n  Invoke-CsBackupServiceSync -PoolFqdn <Fqdn> [-BackupModule" in out
    assert "twinpool Invoke-CsBackupServiceSync -PoolFqdn pool1.lab" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_the_help_of_the_whole_names_every_command_and_cmdlet(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == ExitCode.OK
    for name in ("status", "sync", "config", "pairs", "pool", "lab", "demo", "Get-CsPoolBackupRelationship"):
        assert name in out


@pytest.mark.parametrize("words", [["bogus"], ["config", "set", "Window"], ["config", "set", "Bogus=1"], ["status"]])
def test_wrong_usage_of_a_friendly_command_has_its_exit_code(run: Run, words: list[str]) -> None:
    assert run(*words)[0] == ExitCode.USAGE


def test_a_front_end_that_is_not_in_the_file_is_not_run(run: Run) -> None:
    assert run("pool", "run", "--front-end", "fe9")[0] == ExitCode.NOT_FOUND


def test_options_before_the_command_go_behind_it() -> None:
    assert options_last(["--format", "json", "--deployment=x", "status", "p"]) == [
        *("status", "p"),
        *("--format", "json", "--deployment=x"),
    ]
    assert options_last(["--format"]) == ["--format"]
    assert options_last([]) == []
