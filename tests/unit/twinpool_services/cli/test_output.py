import io
import json
from collections.abc import Mapping

import pytest
from rich.console import Console

from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool_services.cli.backup_cmdlets import MODULE, RELATION, STATUS, SYNC
from twinpool_services.cli.common import Format
from twinpool_services.cli.configuration_cmdlets import CONFIGURATION
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import console, show


def module(identity: str, export: str, import_: str = "NormalState", reason: str = "") -> CmdletObject:
    return CmdletObject(
        MODULE,
        {
            "Identity": identity,
            "ExportStatus": export,
            "ImportStatus": import_,
            "Reason": reason,
            "HeadPosition": 12,
            "AcknowledgedPosition": 12,
            "PendingChanges": 0,
            "OldestPendingSeconds": None,
        },
    )


SEED_ROWS = [
    module("UserServices.PresenceFocus", "FinalState"),
    module("ConfServices.DataConf", "FinalState"),
    module("CentralMgmt.CMSMaster", "NotInitialized"),
]

#: The table of the seed; its page has lost the alignment that a terminal gives it.
SEED_TABLE = """\
Identity                   ExportStatus   ImportStatus
--------                   ------------   ------------
UserServices.PresenceFocus FinalState     NormalState
ConfServices.DataConf      FinalState     NormalState
CentralMgmt.CMSMaster      NotInitialized NormalState
"""

HEADER = """\
PoolFqdn            : pool2.lab
BackupPoolFqdn      : pool1.lab
ActiveMachineFqdn   : fe1.pool2.lab
OverallExportStatus : FinalState
OverallImportStatus : NormalState
AsOf                : 2026-11-23T05:50:46.625262Z
"""


def status(modules: list[CmdletObject], **changes: object) -> CmdletObject:
    parted = (line.partition(" : ") for line in HEADER.splitlines())
    properties = {name.strip(): value for name, _, value in parted}
    return CmdletObject(STATUS, {**properties, **changes, "BackupModules": modules})


def shown(*objects: CmdletObject, format_: Format | None = None, terminal: int | None = None) -> str:
    out = io.StringIO()
    show(
        objects,
        format_,
        Console(
            file=out,
            width=terminal or 80,
            force_terminal=terminal is not None,
            color_system="standard" if terminal else None,
            no_color=False,
            highlight=False,
            markup=False,
            soft_wrap=True,
        ),
    )
    return out.getvalue()


def test_claim_18_backup_modules_are_shown_as_the_table_of_the_seed() -> None:
    """Claim 18: `$BackupStatus.BackupModules` gives the table, word by word as printed."""
    modules = status(SEED_ROWS)["backupmodules"]
    assert isinstance(modules, list)
    assert shown(*modules) == SEED_TABLE
    printed = """Identity ExportStatus ImportStatus
-------- ------------ ------------
UserServices.PresenceFocus FinalState NormalState
ConfServices.DataConf FinalState NormalState
CentralMgmt.CMSMaster NotInitialized NormalState"""
    assert [line.split() for line in shown(*modules).splitlines()] == [line.split() for line in printed.splitlines()]


def test_claim_19_the_status_has_three_columns_and_a_row_a_module() -> None:
    """Claim 19: the columns are Identity, ExportStatus, ImportStatus, and there is a row a module."""
    assert shown(status(SEED_ROWS)) == HEADER + "\n" + SEED_TABLE


def test_the_status_as_json_has_exactly_the_agreed_properties() -> None:
    document = json.loads(shown(status(SEED_ROWS[:1]), format_=Format.JSON))
    assert list(document) == [
        "PoolFqdn",
        "BackupPoolFqdn",
        "ActiveMachineFqdn",
        "OverallExportStatus",
        "OverallImportStatus",
        "AsOf",
        "BackupModules",
    ]
    assert document["BackupModules"] == [dict(SEED_ROWS[0])]


def test_reasons_stand_under_the_table_in_80_columns() -> None:
    reason = "the pool store cannot be read: " + "no space left on device " * 6
    text = shown(status([module("UserServices.PresenceFocus", "ErrorState", reason=reason), *SEED_ROWS[1:]]))
    below = text[text.index("CentralMgmt") :].splitlines()[1:]
    assert below[0] == ""
    assert below[1].startswith("UserServices.PresenceFocus: the pool store cannot be read: no space")
    assert below[2].startswith("  ")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_what_is_none_is_shown_as_nothing() -> None:
    assert "\nActiveMachineFqdn   :\n" in shown(status(SEED_ROWS, ActiveMachineFqdn=None))
    relation = CmdletObject(RELATION, {"PoolFqdn": "pool1.lab", "BackupPoolFqdn": None})
    assert shown(relation) == "PoolFqdn  BackupPoolFqdn\n--------  --------------\npool1.lab \n"


def test_claim_1_the_configuration_is_shown_as_a_list() -> None:
    """Claim 1: the configuration is shown, and SyncInterval is two minutes by default."""
    text = shown(CmdletObject(CONFIGURATION, BackupServiceConfiguration().to_document()))
    assert "SyncInterval               : 00:02:00\n" in text
    assert "AuthorizedUniversalGroups  : {RTCUniversalServerAdmins}\n" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_an_accepted_sync_of_every_module_fits_80_columns() -> None:
    modules = [str(row["Identity"]) for row in SEED_ROWS]
    text = shown(CmdletObject(SYNC, {"PoolFqdn": "pool1.lab", "BackupModules": modules, "Full": False}))
    assert text.startswith("PoolFqdn      : pool1.lab\nBackupModules : {UserServices.PresenceFocus,")
    assert max(len(line) for line in text.splitlines()) <= 80


def test_a_list_too_long_for_a_line_goes_on_under_itself() -> None:
    groups = [f"Administrators{number}" for number in range(9)]
    text = shown(CmdletObject(CONFIGURATION, {"Groups": groups}))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert all(line.startswith(" " * 9) for line in text.splitlines()[1:])
    assert " ".join(text.split()) == "Groups : {" + ", ".join(groups) + "}"


@pytest.mark.parametrize(
    ("format_", "first"), [(Format.TABLE, ["Name", "Value"]), (Format.LIST, ["Identity", ":", "Global"])]
)
def test_the_format_can_be_chosen(format_: Format, first: list[str]) -> None:
    text = shown(CmdletObject(CONFIGURATION, BackupServiceConfiguration().to_document()), format_=format_)
    assert text.splitlines()[0].split() == first


def test_a_status_as_list_names_its_modules() -> None:
    text = shown(status(SEED_ROWS), format_=Format.LIST)
    assert "BackupModules       : {UserServices.PresenceFocus, ConfServices.DataConf" in text


def test_several_objects_are_a_json_array_and_none_is_nothing() -> None:
    relation = CmdletObject(RELATION, {"PoolFqdn": "pool1.lab", "BackupPoolFqdn": None})
    assert json.loads(shown(relation, relation, format_=Format.JSON)) == [dict(relation)] * 2
    assert shown(format_=Format.JSON) == ""


def test_states_are_coloured_on_a_terminal_alone() -> None:
    assert "\x1b[32mFinalState\x1b[0m" in shown(*SEED_ROWS, terminal=100)
    assert "\x1b" not in shown(*SEED_ROWS)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {}])
def test_no_colour_is_honoured(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert console().no_color is ("NO_COLOR" in environment)


def test_a_narrow_terminal_cuts_names_and_not_states() -> None:
    text = shown(module("A" * 100, "FinalState"), terminal=60)
    assert "…" in text
    assert "NormalState" in text
    assert "…" not in shown(module("A" * 100, "FinalState"))


def test_nothing_that_could_steer_a_terminal_gets_through() -> None:
    assert "\x1b" not in shown(status([module("UserServices.PresenceFocus", "ErrorState", reason="\x1b[2Jgone")]))
