"""`Debug-CsInterPoolReplication` and `verify`, against a front end that a test has written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.twinpool_services.cli.answering import (
    Answer,
    Asked,
    FrontEndDouble,
    deployment_text,
    front_end,
    problem,
)
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

ROW = {
    "Identity": "UserServices.PresenceFocus",
    "Home": "pool1.lab",
    "Progress": "Done",
    "Verdict": "Equal",
    "Reason": "",
    "Records": 1000,
    "ComparedRecords": 1000,
    "Files": 0,
    "Missing": 0,
    "Extra": 0,
    "Different": 0,
    "DamagedContent": 0,
    "DamagedOwnContent": 0,
    "ResentRecords": 0,
    "ResentBytes": 0,
    "FetchedFiles": 0,
    "Remaining": 0,
    "ExchangedBytes": 900,
    "Seconds": 0.2,
}
DONE = {
    "Verification": "20261123T120000Z-abcdef",
    "PoolFqdn": "pool1.lab",
    "BackupPoolFqdn": "pool2.lab",
    "Progress": "Done",
    "Clean": True,
    "ResyncSignatureMismatchItems": False,
    "MultiMasterHomes": [],
    "RequestedAt": "2026-11-23T12:00:00.000000Z",
    "BegunAt": "2026-11-23T12:00:00.100000Z",
    "EndedAt": "2026-11-23T12:00:01.000000Z",
    "BackupModules": [ROW],
    "Differences": [],
}
DIFFERENT = {
    **DONE,
    "Clean": False,
    "BackupModules": [ROW | {"Verdict": "Different", "Different": 1, "Remaining": 1}],
    "Differences": [
        {
            "Identity": "UserServices.PresenceFocus",
            "Home": "pool1.lab",
            "Owner": "ada@lab",
            "Key": "contacts/bob",
            "Difference": "Different",
        }
    ],
}
NOT_VERIFIED = {
    **DONE,
    "Clean": False,
    "BackupModules": [ROW | {"Progress": "Failed", "Verdict": "NotVerified", "Reason": "pool2.lab is too far behind"}],
}
MULTI_MASTER = {**NOT_VERIFIED, "MultiMasterHomes": ["pool1.lab"]}

Answering = Callable[..., FrontEndDouble]


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """A pair whose first pool answers by these documents, one a look."""
    documents: list[Any] = []

    def rule(asked: Asked) -> Answer:
        if asked.target.startswith("/v1/homes?"):
            home = {"Home": "pool1.lab", "ServingPool": "pool1.lab", "Term": 1, "Mode": "read-write"}
            return 200, {"Homes": [home], "Next": None}
        if asked.target.startswith("/v1/pools/pool1.lab/verifications?"):
            rows = [{name: value for name, value in each.items() if name != "Differences"} for each in documents]
            return 200, {"PoolFqdn": "pool1.lab", "Verifications": rows, "Next": None}
        if asked.method == "POST":
            return 202, {**DONE, "Progress": "Requested"}
        document = documents.pop(0) if len(documents) > 1 else documents[0]
        return document if isinstance(document, tuple) else (200, document)

    with front_end(rule) as double:
        (tmp_path / "twinpool.toml").write_text(deployment_text({"pool1.lab": [double.port], "pool2.lab": [1]}))
        monkeypatch.chdir(tmp_path)

        def answer(*told: Any) -> FrontEndDouble:
            documents[:] = told
            return double

        yield answer


def test_it_waits_until_the_verification_is_over(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    running = {**DONE, "Progress": "Running", "BackupModules": [ROW | {"Progress": "Running", "Verdict": ""}]}
    double = answering(running, problem(503, "store-unavailable", "in a moment"), DONE)

    assert main(["debug-csinterpoolreplication", "-PoolFqdn", "pool1.lab", "--format", "json"]) == ExitCode.OK

    shown = json.loads(capsys.readouterr().out)
    assert (shown["Clean"], shown["BackupModules"][0]["Verdict"]) == (True, "Equal")
    assert double.asked[1].body == {
        "BackupModule": "All",
        "ResyncSignatureMismatchItems": False,
        "SuppressMultiMasterDetection": False,
    }


def test_the_friendly_command_passes_everything_on(answering: Answering) -> None:
    double = answering(DONE)

    assert main(["verify", "pool1.lab", "--module", "DataConf", "--resync", "--suppress-multi-master"]) == ExitCode.OK

    assert double.asked[1].body == {
        "BackupModule": "ConfServices.DataConf",
        "ResyncSignatureMismatchItems": True,
        "SuppressMultiMasterDetection": True,
    }


def test_verifications_are_listed_with_their_results(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    running = {**DONE, "Progress": "Running", "EndedAt": None, "Clean": False}
    answering(running, NOT_VERIFIED, MULTI_MASTER, DIFFERENT, DONE)

    assert main(["verifications", "list", "--format", "json"]) == ExitCode.OK

    shown = json.loads(capsys.readouterr().out)
    results = [row["Result"] for row in shown["Verifications"]]
    assert results == ["UnderWay", "NotVerified", "Different", "Different", "Equal"]
    assert [row["Seconds"] for row in shown["Verifications"]] == [None, 0.9, 0.9, 0.9, 0.9]
    assert list(shown["NotRead"]) == ["pool2.lab"], "which is down"


def test_one_verification_is_shown_with_what_differs(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    answering(DIFFERENT)

    assert main(["verifications", "show", "20261123T120000Z-abcdef"]) == ExitCode.OK

    assert "contacts/bob" in capsys.readouterr().out


def test_the_cms_has_another_name_here(answering: Answering) -> None:
    double = answering(DONE)

    main(["Debug-CsInterPoolReplication", "-PoolFqdn", "pool1.lab", "-BackupModule", "CentralMgmt"])

    assert isinstance(double.asked[1].body, dict)
    assert double.asked[1].body["BackupModule"] == "CentralMgmt.CMSMaster"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (DIFFERENT, "pool1.lab and pool2.lab differ in 1 records or files"),
        (NOT_VERIFIED, "could not be compared: UserServices.PresenceFocus"),
        (MULTI_MASTER, "both serve pool1.lab"),
    ],
    ids=["different", "not verified", "multi-master"],
)
def test_whatever_is_not_equal_is_an_error(
    answering: Answering, capsys: pytest.CaptureFixture[str], document: Any, said: str
) -> None:
    answering(document)

    assert main(["verify", "pool1.lab"]) == ExitCode.FAILED

    assert said in capsys.readouterr().err


def test_the_differences_are_a_table(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    answering(DIFFERENT)

    main(["verify", "pool1.lab"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["UserServices.PresenceFocus", "pool1.lab", "ada@lab", "contacts/bob", "Different"] in lines
    assert ["Clean", ":", "False"] in lines


def test_what_if_asks_nobody(answering: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    double = answering(DONE)

    words = ["Debug-CsInterPoolReplication", "-PoolFqdn", "pool1.lab", "-ResyncSignatureMismatchItems", "-WhatIf"]
    assert main(words) == ExitCode.OK

    assert "send again what differs" in capsys.readouterr().err
    assert double.asked == []
