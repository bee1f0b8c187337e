"""A pair that a test has written down, and the shell run against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.answering import Answer, Asked, deployment_text, front_end, problem
from twinpool.errors import InvalidParameter
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool_services.cli.main import main

STATES = {"UserServices.PresenceFocus": 0, "ConfServices.DataConf": 7, "CentralMgmt.CMSMaster": 0}


@dataclass
class Pair:
    """What was asked, and what both pools know."""

    asked: list[Asked] = field(default_factory=list)
    configuration: BackupServiceConfiguration = field(default_factory=BackupServiceConfiguration)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        path = asked.target.partition("?")[0]
        pool = path.split("/")[3] if path.startswith("/v1/pools/") else ""
        match asked.method, path.rpartition("/")[2]:
            case "GET", "backup-configuration":
                return 200, self.configuration.to_document()
            case "PATCH", "backup-configuration" if isinstance(asked.body, dict):
                try:
                    self.configuration = self.configuration.changed(**asked.body)
                except InvalidParameter as error:
                    return problem(422, "invalid-parameter", str(error), field=error.field)
                return 200, self.configuration.to_document()
            case "GET", "backup-status":
                return 200, status_of(pool)
            case "POST", "sync":
                return 202, {"PoolFqdn": pool, "BackupModules": ["ConfServices.DataConf"], "Full": False}
            case _:
                return problem(404, "not-found", f"there is nothing at {path}")


def status_of(pool: str) -> dict[str, object]:
    rows = [
        {
            "Identity": identity,
            "ExportStatus": "SteadyState" if pending else "FinalState",
            "ImportStatus": "NormalState",
            "Reason": "",
            "HeadPosition": 10,
            "AcknowledgedPosition": 10 - pending,
            "PendingChanges": pending,
            "OldestPendingSeconds": None,
        }
        for identity, pending in STATES.items()
    ]
    return {
        "PoolFqdn": pool,
        "BackupPoolFqdn": "pool2.lab" if pool == "pool1.lab" else "pool1.lab",
        "ActiveMachineFqdn": f"fe1.{pool}",
        "OverallExportStatus": "SteadyState",
        "OverallImportStatus": "NormalState",
        "AsOf": "2026-11-23T05:50:46.625262Z",
        "BackupModules": rows,
    }


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    known = Pair()
    with front_end(known.answer) as one, front_end(known.answer) as two:
        path = tmp_path / "lab.toml"
        path.write_text(deployment_text({"pool1.lab": [one.port], "pool2.lab": [two.port]}), encoding="utf-8")
        monkeypatch.setenv("TWINPOOL_DEPLOYMENT", str(path))
        yield known


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(pair: Pair, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a text in the shell; return exit code, output and errors."""

    def run_text(text: str, *words: str) -> tuple[int, str, str]:
        code = main(["shell", "--command", text, *words])
        return code, *capsys.readouterr()

    return run_text
