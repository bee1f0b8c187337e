"""The commands of the seed documents, typed as they stand there; the numbers are those of the seed's claims."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.labs import P1, P2, RunningLab, running_lab
from twinpool_services.lab import Lab, LabPlan
from twinpool_services.lab.lab import DEPLOYMENT
from twinpool_services.lab.plan import deployment_text

pytestmark = pytest.mark.rabbitmq

USAGE, REFUSED, NOT_FOUND = 2, 3, 5


@pytest.fixture(autouse=True)
def in_step(lab: RunningLab) -> None:
    """Each test begins with nothing left to send."""
    lab.await_final()


def said(lab: RunningLab, *words: str) -> str:
    """Run a command that succeeds and return what it prints."""
    done = lab.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_json(lab: RunningLab, *words: str) -> Any:
    return json.loads(said(lab, *words, "--format", "json"))


def rows(table: str) -> dict[str, list[str]]:
    """Read the table at the end of what a command printed: the first column, and the others."""
    lines = table.splitlines()
    at = next(number for number, line in enumerate(lines) if re.match(r"-+\s+-+", line))
    return {words[0]: words[1:] for line in lines[at + 1 :] if (words := line.split())}


def interval(lab: RunningLab, pool: str) -> str:
    """Return the sync interval as a pool's own replica has it."""
    return str(lab.client(pool).get("/v1/backup-configuration").json()["SyncInterval"])


def test_the_configuration_is_shown_and_the_sync_interval_is_two_minutes(lab: RunningLab) -> None:
    """Claim 1."""
    assert re.search(r"^SyncInterval\s*:\s*00:02:00$", said(lab, "Get-CsBackupServiceConfiguration"), re.MULTILINE)
    assert as_json(lab, "Get-CsBackupServiceConfiguration")["SyncInterval"] == "00:02:00"


def test_the_sync_interval_is_set_to_three_minutes_in_all_pools_without_a_restart(lab: RunningLab) -> None:
    """Claim 2."""
    generations = [lab.lease(pool)["Generation"] for pool in (P1, P2)]

    done = lab.command("Set-CsBackupServiceConfiguration", "-SyncInterval", "00:03:00")

    assert done.returncode == 0, done.stderr
    assert "recovery point objective" in done.stderr
    lab.eventually(lambda: {interval(lab, pool) for pool in (P1, P2)} == {"00:03:00"}, "both pools know")
    assert [lab.lease(pool)["Generation"] for pool in (P1, P2)] == generations
    said(lab, "Set-CsBackupServiceConfiguration", "-SyncInterval", "00:02:00")


@pytest.mark.parametrize("span", ["00:00:04", "03:00:01"])
def test_a_sync_interval_out_of_range_is_refused_and_changes_nothing(lab: RunningLab, span: str) -> None:
    before = interval(lab, P1)

    done = lab.command("Set-CsBackupServiceConfiguration", "-SyncInterval", span)

    assert done.returncode == USAGE
    assert "SyncInterval" in done.stderr
    assert "00:00:05 to 03:00:00" in done.stderr
    assert interval(lab, P1) == before


@pytest.mark.parametrize("span", ["00:00:05", "03:00:00"])
def test_the_ends_of_the_range_are_allowed(lab: RunningLab, span: str) -> None:
    said(lab, "Set-CsBackupServiceConfiguration", "-SyncInterval", span)

    assert as_json(lab, "Get-CsBackupServiceConfiguration")["SyncInterval"] == span
    said(lab, "Set-CsBackupServiceConfiguration", "-SyncInterval", "00:02:00")


@pytest.mark.parametrize(
    "words",
    [
        ("Get-CsBackupServiceStatus", "-PoolFqdn", P2),
        ("Get-CsBackupServiceStatus", "–PoolFqdn", P2),  # noqa: RUF001 - the seed prints an en dash
        ("get-csbackupservicestatus", "-poolfqdn", P2.upper()),
        ("GET-CSBACKUPSERVICESTATUS", "-POOLFQDN", P2),
        ("Get-CsBackupServiceStatus", f"-PoolFqdn:{P2}"),
    ],
    ids=["plain", "en-dash", "lower-case", "upper-case", "colon"],
)
def test_the_status_is_the_table_of_the_seed(lab: RunningLab, words: tuple[str, ...]) -> None:
    """Claims 5, 13, 14, 18, 19 and 20: columns, a row a module, and the CMS of a pool that is not its master."""
    table = said(lab, *words)

    assert re.search(r"^\s*Identity\s+ExportStatus\s+ImportStatus\s*$", table, re.MULTILINE)
    assert rows(table) == {
        "UserServices.PresenceFocus": ["FinalState", "NormalState"],
        "ConfServices.DataConf": ["FinalState", "NormalState"],
        "CentralMgmt.CMSMaster": ["NotInitialized", "NormalState"],
    }


def test_the_active_cms_master_exports_the_cms(lab: RunningLab) -> None:
    """Claim 20, the other way round. Claim 15: a module exports in one pool what it imports in the other."""
    table = rows(said(lab, "Get-CsBackupServiceStatus", "-PoolFqdn", P1))

    assert table["CentralMgmt.CMSMaster"] == ["FinalState", "NormalState"]


def test_both_categories_are_kept_in_step(lab: RunningLab) -> None:
    """Claim 13: UserData and CMS."""
    lab.put(P1, "contacts/bob", b"friend")
    lab.upload(P1, "agenda.txt", [b"1. lunch"])
    lab.client(P1).put("/v1/cms/documents/policy/Global", json={"a": 1}).raise_for_status()

    lab.assert_in_step()

    copy = lab.client(P2).get("/v1/cms/documents/policy/Global")
    assert copy.json() == {"a": 1}
    for category, modules in {"UserData": 2, "CMS": 1, "All": 3}.items():
        shown = as_json(lab, "Get-CsBackupServiceStatus", "-PoolFqdn", P1, "-Category", category)
        assert len(shown["BackupModules"]) == modules


def test_the_json_of_the_status_has_exactly_these_members(lab: RunningLab) -> None:
    status = as_json(lab, "Get-CsBackupServiceStatus", "-PoolFqdn", P1)

    assert list(status) == [
        "PoolFqdn",
        "BackupPoolFqdn",
        "ActiveMachineFqdn",
        "OverallExportStatus",
        "OverallImportStatus",
        "AsOf",
        "BackupModules",
    ]
    assert [list(row) for row in status["BackupModules"]] == 3 * [
        [
            "Identity",
            "ExportStatus",
            "ImportStatus",
            "Reason",
            "HeadPosition",
            "AcknowledgedPosition",
            "PendingChanges",
            "OldestPendingSeconds",
        ]
    ]
    assert (status["PoolFqdn"], status["BackupPoolFqdn"]) == (P1, P2)
    assert status["OverallExportStatus"] == "FinalState"


def test_one_front_end_of_a_pool_is_the_active_machine(lab: RunningLab) -> None:
    """Claim 17."""
    status = as_json(lab, "Get-CsBackupServiceStatus", "-PoolFqdn", P1)

    active = [name for name in lab.names(P1) if lab.about(name)["Active"]]
    assert [status["ActiveMachineFqdn"]] == active


@pytest.mark.parametrize(("pool", "partner"), [(P1, P2), (P2, P1)])
def test_the_backup_relationship_is_shown(lab: RunningLab, pool: str, partner: str) -> None:
    """Claim 11."""
    assert as_json(lab, "Get-CsPoolBackupRelationship", "-PoolFQDN", pool) == {
        "PoolFqdn": pool,
        "BackupPoolFqdn": partner,
    }
    assert rows(said(lab, "Get-CsPoolBackupRelationship", "-PoolFQDN", pool)) == {pool: [partner]}


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        (None, ["CentralMgmt.CMSMaster", "ConfServices.DataConf", "UserServices.PresenceFocus"]),
        ("All", ["CentralMgmt.CMSMaster", "ConfServices.DataConf", "UserServices.PresenceFocus"]),
        ("PresenceFocus", ["UserServices.PresenceFocus"]),
        ("UserServices.PresenceFocus", ["UserServices.PresenceFocus"]),
        ("DataConf", ["ConfServices.DataConf"]),
        ("ConfServices.DataConf", ["ConfServices.DataConf"]),
        ("CMSMaster", ["CentralMgmt.CMSMaster"]),
        ("centralmgmt.cmsmaster", ["CentralMgmt.CMSMaster"]),
    ],
)
def test_a_sync_is_forced_for_every_spelling_of_a_module(lab: RunningLab, name: str | None, modules: list[str]) -> None:
    """Claim 12."""
    chosen = () if name is None else ("-BackupModule", name)

    accepted = as_json(lab, "Invoke-CsBackupServiceSync", "-PoolFqdn", P1, *chosen)

    assert accepted["BackupModules"] == modules
    lab.assert_in_step()


def test_the_shell_runs_the_lines_of_the_seed_as_they_are_printed(lab: RunningLab) -> None:
    """Claim 18: the status in a variable, with the en dash of the seed, and then its modules."""
    text = f"$BackupStatus = Get-CsBackupServiceStatus \N{EN DASH}PoolFqdn {P2}\n$BackupStatus.BackupModules"

    assert rows(said(lab, "shell", "--command", text)) == {
        "UserServices.PresenceFocus": ["FinalState", "NormalState"],
        "ConfServices.DataConf": ["FinalState", "NormalState"],
        "CentralMgmt.CMSMaster": ["NotInitialized", "NormalState"],
    }


def test_the_lines_of_the_runbooks_run_in_the_shell(lab: RunningLab, tmp_path: Path) -> None:
    """A disaster's runbook up to the failover itself, and what follows a pairing; one process for all of it."""
    lab.put(P1, "contacts/bob", b"friend", owner="ada@example.com")
    script = tmp_path / "runbook.ps1"
    script.write_text(
        f"""
        Invoke-CsManagementServerFailover -WhatIf | Out-Null
        $cms = Get-CsService -CentralManagement | Where-Object {{ $_.Active }}
        $backup = (Get-CsPoolBackupRelationship -PoolFQDN $cms.PoolFqdn).BackupPoolFqdn
        "cms $($cms.PoolFqdn) backed up by $backup"
        $store = Get-CsManagementStoreReplicationStatus -CentralManagementStoreStatus
        "master $($store.ActiveMasterFQDN -like 'fe*')"
        Test-CsManagementServer | Out-Null
        '{P1}', '{P2}' | Invoke-CsBackupServiceSync | Out-Null
        Backup-CsPool -PoolFqdn {P1} -Report '{tmp_path}/report.html' | Out-Null
        $status = Get-CsBackupServiceStatus -PoolFqdn {P1}
        "final $(@($status.BackupModules | ? {{ $_.ExportStatus -eq 'FinalState' }}).Count)"
        Debug-CsInterPoolReplication -PoolFqdn {P1} | ForEach-Object {{ "clean $($_.Clean)" }}
        Invoke-CsPoolFailover -PoolFqdn {P2} -HealthCheckOnly | Where-Object Verdict -ne Passed
        "home $((Get-CsUserPoolInfo sip:ada@example.com).PrimaryPoolFqdn)"
        "state $((Get-CsRegistrarConfiguration service:Registrar:{P1}).PoolState)"
        Get-CsBackupServiceConfiguration | Remove-CsBackupServiceConfiguration
        Get-CsPoolBackupRelationship -PoolFqdn pool9.lab
        """
    )

    done = lab.command("shell", str(script))

    assert done.returncode == NOT_FOUND, done.stderr
    assert "runbook.ps1: line 18" in done.stderr
    assert done.stdout.splitlines() == [
        f"cms {P1} backed up by {P2}",
        "master True",
        "final 3",
        "clean True",
        f"home {P1}",
        "state Active",
    ]


#: Every line that the seeds and the functional reference print of what is here, with names put in for placeholders.
#: A section's number is the reference's; what moves users is only planned here, and really done by other tests.
PRINTED = (
    "Get-CsBackupServiceConfiguration",
    "Set-CsBackupServiceConfiguration -SyncInterval 00:03:00",
    "Get-CsBackupServiceStatus -PoolFqdn {P1}",
    "Get-CsPoolBackupRelationship -PoolFQDN {P1}",
    "Invoke-CsBackupServiceSync -PoolFqdn {P1}",
    "Invoke-CsBackupServiceSync -PoolFqdn {P1} -BackupModule All",
    "Invoke-CsBackupServiceSync -PoolFqdn {P1} -BackupModule PresenceFocus",
    "Invoke-CsBackupServiceSync -PoolFqdn {P1} -BackupModule DataConf",
    "Invoke-CsBackupServiceSync -PoolFqdn {P1} -BackupModule CMSMaster",
    "$BackupStatus = Get-CsBackupServiceStatus \N{EN DASH}PoolFqdn {P1}",
    "$BackupStatus.BackupModules",
    # 5 to 7: the configuration
    'Get-CsBackupServiceConfiguration -Filter "g*"',
    "Get-CsBackupServiceConfiguration -Identity global -LocalStore",
    'Set-CsBackupServiceConfiguration -Identity "global" -MaxConcurrentCalls 12',
    'Set-CsBackupServiceConfiguration -SyncInterval "00:10:00"',
    'Set-CsBackupServiceConfiguration -AuthorizedUniversalGroups "Schema Admins"',
    'Set-CsBackupServiceConfiguration -AuthorizedUniversalGroup "CSAdministrator"',
    "Get-CsBackupServiceConfiguration | Set-CsBackupServiceConfiguration",
    "Remove-CsBackupServiceConfiguration -Identity global",
    # 9 to 14: status, synchronising, comparing
    "Get-CsBackupServiceStatus -PoolFqdn {P1} -Category CMS",
    "Get-CsBackupServiceStatus -PoolFqdn {P1} -BackupModule ConfServices.DataConf",
    "Invoke-CsBackupServiceSync -PoolFqdn {P2} -BackupModule ConfServices.DataConf",
    'Get-CsAdminRole | Where-Object {{$_.Cmdlets -match "Backup-CsPool"}}',
    "Backup-CsPool -PoolFqdn {P1} -Category UserData -FullBackup -Report {folder}/r.html -RetryCount 90",
    "Backup-CsPool -PoolFqdn {P1} -SteadyState -Report {folder}/r.html",
    "Sync-CsUserData -PoolFqdn {P1} -Target -LocalStore",
    "Get-CsPoolBackupRelationship -PoolFqdn {P1} -LocalStore -Force",
    "Debug-CsInterPoolReplication -PoolFqdn {P1} -BackupModule CentralMgmt",
    # 16, 17, 19 and 21: the runbook, registrars, the Central Management store
    "Invoke-CsManagementServerFailover -WhatIf",
    "Get-CsService -CentralManagement",
    "Get-CsManagementStoreReplicationStatus -CentralManagementStoreStatus",
    "Get-CsManagementStoreReplicationStatus -ReplicaFqdn {P2}",
    "Invoke-CsManagementStoreReplication -ReplicaFqdn {P2}",
    "Test-CsManagementServer -Report {folder}/cms.html",
    "Invoke-CsPoolFailover -PoolFQDN {P2} -DisasterMode -Verbose -WhatIf",
    "Get-CsRegistrarConfiguration -Identity service:Registrar:{P1}",
    # 25: user data
    "Remove-CsUserStoreBackupData -PoolFqdn {P1} -Verbose",
    "Export-CsUserData -PoolFqdn {P1} -FileName {folder}/p1.zip",
    '"UserDatabase:{P1}" | Export-CsUserData -FileName {folder}/again.zip -UserFilter ada@example.com',
    "Import-CsUserData -PoolFqdn {P1} -FileName {folder}/p1.zip",
    'Import-CsUserData -Identity "UserDatabase:{P1}" -FileName {folder}/p1.zip',
    "Convert-CsUserData -InputFile {folder}/p1.zip -OutputFile {folder}/copy.zip -TargetVersion Current",
    "Update-CsUserData {folder}/copy.zip -UserFilter ada@example.com -TargetPoolFqdn {P1} -TestMode",
    "Update-CsUserData -FileName {folder}/copy.zip -TargetPoolFqdn {P1} -wi",
    "Invoke-CsStorageServiceFlush -FlushType FullFlush -PoolFqdn {P1}",
    "Get-CsUserPoolInfo sip:ada@example.com",
    "Get-CsBackupServiceStatus -?",
    "Get-Help Backup-CsPool",
)


def test_every_line_that_the_documents_print_runs_in_the_shell(lab: RunningLab, tmp_path: Path) -> None:
    lab.put(P1, "contacts/bob", b"friend", owner="ada@example.com")
    lines = [line.format(P1=P1, P2=P2, folder=tmp_path) for line in PRINTED]
    script = tmp_path / "printed.ps1"
    script.write_text("\n".join(lines), encoding="utf-8")

    done = lab.command("shell", str(script))

    assert done.returncode == 0, done.stderr
    assert interval(lab, P1) == "00:02:00"


def test_what_users_have_lost_comes_back_while_they_go_on(lab: RunningLab, tmp_path: Path) -> None:
    """Update-CsUserData, by its own name and by the short ones; nothing that is there otherwise is deleted."""
    path = f"/v1/homes/{P1}/modules/PresenceFocus/records/eve@example.com"
    lab.put(P1, "contacts/lost", b"friend", owner="eve@example.com")
    archive = str(tmp_path / "pool1.zip")
    said(lab, "users", "export", P1, archive)
    assert lab.client(P1).delete(f"{path}/contacts/lost").status_code == 200
    lab.put(P1, "contacts/newer", b"friend", owner="eve@example.com")

    tried = as_json(lab, "users", "import", P1, archive, "--user", "eve@example.com", "--dry-run")
    assert (tried["BackupModule"], tried["New"], tried["Written"]) == ("UserServices.PresenceFocus", 1, False)
    assert lab.client(P1).get(f"{path}/contacts/lost").status_code == 404
    said(lab, "Update-CsUserData", archive, "-UserFilter", "eve@example.com", "-TargetPoolFqdn", P1)

    assert lab.client(P1).get(f"{path}/contacts/lost").content == b"friend"
    assert lab.client(P1).get(f"{path}/contacts/newer").status_code == 200
    assert as_json(lab, "users", "where", "eve@example.com")["PrimaryPoolFqdn"] == P1
    lab.assert_in_step()


def test_a_backup_is_waited_for_and_reported(lab: RunningLab, tmp_path: Path) -> None:
    lab.put(P1, "contacts/backed-up", b"friend")
    report = tmp_path / "report.json"

    shown = as_json(lab, "backup", P1, "--full", "--report", str(report))

    assert (shown["PoolFqdn"], shown["BackupPoolFqdn"], shown["Succeeded"]) == (P1, P2, True)
    assert {row["ExportStatus"] for row in shown["BackupModules"]} == {"FinalState"}
    assert json.loads(report.read_text(encoding="utf-8")) == shown
    lab.assert_in_step()


def test_what_cannot_be_synchronised_is_refused(lab: RunningLab) -> None:
    assert lab.command("Invoke-CsBackupServiceSync", "-PoolFqdn", P1, "-BackupModule", "Mail").returncode == USAGE
    elsewhere = lab.command("Invoke-CsBackupServiceSync", "-PoolFqdn", P2, "-BackupModule", "CMSMaster")
    assert elsewhere.returncode == REFUSED
    assert P1 in elsewhere.stderr


def test_a_pool_that_has_never_exported_is_not_initialized(
    request: pytest.FixtureRequest, events_are_logged_as_json: None
) -> None:
    """Claim 24: usually before the first export; here the broker has never been reached."""

    def prepare(lab: Lab, plan: LabPlan) -> None:
        stores = {pool: f"sqlite:///{pool}.db" for pool in plan.pool_names}
        (lab.directory / DEPLOYMENT).write_text(deployment_text(plan, "amqp://nobody:nothing@127.0.0.1:1/", stores))

    with running_lab(request, prepare=prepare, front_ends=1) as lab:
        lab.put(P1, "contacts/bob", b"friend")
        lab.eventually(lambda: "broker" in lab.module(P1)["Reason"], "the reason is known")

        table = rows(said(lab, "Get-CsBackupServiceStatus", "-PoolFqdn", P1))

    assert {tuple(states) for states in table.values()} >= {("NotInitialized", "NormalState")}
    assert table["UserServices.PresenceFocus"] == ["NotInitialized", "NormalState"]
