"""The audit log over HTTP and by command: what is noted, and what is found when somebody has changed it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.front_ends import POOL1, FrontEndInTest, deployment_in, front_end_on
from tests.tokens import add_principal
from twinpool.security.roles import VIEWERS
from twinpool.stores.memory import MemoryStore
from twinpool.stores.opening import open_store
from twinpool.vocabulary.audit import event_of
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

AUDIT = f"/v1/pools/{POOL1}/audit"
CONFIGURATION = "/v1/backup-configuration"
RECORD = f"/v1/homes/{POOL1}/modules/PresenceFocus/records/ada@lab/presence"
SECRET = "tp_this-is-a-secret-that-must-not-turn-up"  # noqa: S105 - a made-up one


@pytest.fixture
def front_end(tmp_path: Path) -> Iterator[FrontEndInTest]:
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path)) as serving:
        yield serving


def told(front_end: FrontEndInTest) -> list[dict[str, object]]:
    return [dict(event_of(entry)) for entry in front_end.store.audit_entries(after=0, limit=1_000)]


def test_a_management_call_is_noted_before_it_is_answered(front_end: FrontEndInTest) -> None:
    front_end.client.patch(CONFIGURATION, json={"SyncInterval": "00:03:00"}).raise_for_status()

    (entry,) = told(front_end)

    assert entry["principal"] == "administrator"
    assert entry["action"] == "change_configuration"
    assert entry["target"] == f"PATCH {CONFIGURATION}"
    assert entry["status"] == 200
    assert entry["detail"] == '{"SyncInterval": "00:03:00"}'
    assert str(entry["address"]).startswith("127.0.0.")
    assert entry["front_end"] == "fe1.lab"


def test_a_call_that_came_to_nothing_is_noted_with_its_result(front_end: FrontEndInTest) -> None:
    assert front_end.client.patch(CONFIGURATION, json={"SyncInterval": "soon"}).status_code == 422

    (entry,) = told(front_end)
    assert (entry["action"], entry["status"]) == ("change_configuration", 422)


def test_data_and_looking_are_not_noted(front_end: FrontEndInTest) -> None:
    front_end.client.put(RECORD, content=b"x").raise_for_status()
    front_end.client.get(RECORD).raise_for_status()
    front_end.client.get(CONFIGURATION).raise_for_status()
    front_end.client.get("/livez").raise_for_status()

    assert told(front_end) == []


def test_looking_is_noted_where_the_deployment_wants_it(tmp_path: Path) -> None:
    deployment = deployment_in(tmp_path)
    wanted = replace(deployment, security=replace(deployment.security, audit_reads=True))
    with front_end_on(MemoryStore(POOL1), wanted) as serving:
        serving.client.get(CONFIGURATION).raise_for_status()
        serving.client.get(RECORD)

        assert [entry["action"] for entry in told(serving)] == ["get_configuration"]


def test_refusals_are_noted_and_no_secret_is_kept(front_end: FrontEndInTest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="twinpool_services")
    viewer = add_principal(front_end.context.deployment.security, "wall", [VIEWERS])
    address = front_end.client.base_url

    statuses = [
        httpx.get(address.join(RECORD)).status_code,
        httpx.get(address.join(RECORD), headers={"Authorization": f"Bearer {SECRET}"}).status_code,
        httpx.patch(address.join(CONFIGURATION), json={}, headers=viewer).status_code,
        httpx.put(address.join(RECORD), content=b"x", headers=viewer).status_code,
    ]

    entries = told(front_end)
    assert statuses == [401, 401, 403, 403] == [entry["status"] for entry in entries]
    assert [entry["principal"] for entry in entries] == ["", "", "wall", "wall"]
    assert entries[2]["action"] == "change_configuration"
    assert "lacks the role Administer" in str(entries[2]["detail"])
    assert "not valid" in caplog.text or "401" in caplog.text
    for token in (SECRET, viewer["Authorization"].split()[1], front_end.headers["Authorization"].split()[1]):
        assert token not in json.dumps(entries)
        assert token not in caplog.text


def test_wrong_tokens_again_and_again_are_answered_by_429_and_do_not_fill_the_log(front_end: FrontEndInTest) -> None:
    address, wrong = front_end.client.base_url.join(RECORD), {"Authorization": "Bearer tp_wrong"}
    with httpx.Client(headers=wrong) as client:
        answers = [client.get(address) for _ in range(150)]

    assert [each.status_code for each in answers] == [401] * 30 + [429] * 120
    assert int(answers[-1].headers["retry-after"]) in range(1, 61)
    assert front_end.client.put(RECORD, content=b"x").status_code == 201, "known tokens go on being taken"
    assert len(told(front_end)) < 150


def test_the_log_is_listed_in_pages_with_its_end(front_end: FrontEndInTest) -> None:
    for seconds in range(5, 10):
        front_end.client.patch(CONFIGURATION, json={"SyncInterval": f"00:00:{seconds:02}"}).raise_for_status()

    first = front_end.client.get(AUDIT, params={"limit": 2}).json()
    rest = front_end.client.get(AUDIT, params={"after": first["Next"]}).json()

    assert [entry["Number"] for entry in first["Entries"] + rest["Entries"]] == [1, 2, 3, 4, 5]
    assert first["Next"] == 2
    assert rest["Next"] is None
    assert rest["HeadNumber"] == 5
    assert rest["HeadHash"] == rest["Entries"][-1]["Hash"]


ALTER = "UPDATE audit SET body = CAST(replace(CAST(body AS TEXT), 'administrator', 'eve') AS BLOB) WHERE number = 3"


# ── by command, over a store on disk ────────────────────────────────────────────────────────────────────────────


class Kept:
    """A front end over SQLite with five entries, and the command line beside it."""

    def __init__(self, folder: Path, serving: FrontEndInTest) -> None:
        self.file = folder / "twinpool.toml"
        self.database = folder / f"{POOL1}.db"
        host, port = serving.context.front_end.host, serving.port
        self.file.write_text(
            f'[deployment]\ncms_master = "{POOL1}"\n[[pool]]\nfqdn = "{POOL1}"\nstore = "sqlite:///{POOL1}.db"\n'
            f'front_ends = [{{ name = "fe1.lab", listen = "{host}:{port}" }}]\n'
        )
        for seconds in range(5, 10):
            serving.client.patch(CONFIGURATION, json={"SyncInterval": f"00:00:{seconds:02}"}).raise_for_status()

    def run(self, *words: str) -> int:
        return main(["audit", *words, "--deployment", str(self.file)])

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    deployment = deployment_in(tmp_path)
    store = open_store(deployment.pool(POOL1).store, POOL1)
    with closing(store), front_end_on(store, deployment) as serving:
        yield Kept(tmp_path, serving)


def test_the_log_is_shown(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert kept.run("list", POOL1, "--last", "2", "--format", "json") == ExitCode.OK

    entries = json.loads(capsys.readouterr().out)
    assert [entry["Number"] for entry in entries] == [4, 5]
    assert entries[0]["Principal"] == "administrator"


def test_a_sound_log_is_verified_and_its_end_can_be_expected_later(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.run("verify", POOL1) == ExitCode.OK
    said = capsys.readouterr().out
    end = said.split("The end is ")[1].strip()

    assert "5 entries" in said
    assert kept.run("verify", POOL1, "--expect", end) == ExitCode.OK
    assert kept.run("verify", POOL1, "--expect", f"5:{'00' * 32}") == ExitCode.FAILED
    assert kept.run("verify", POOL1, "--expect", f"9:{'00' * 32}") == ExitCode.FAILED


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (ALTER, "entry 3 was altered"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 has been removed"),
        ("DELETE FROM audit WHERE number > 3", "entries 4 to 5 have been removed"),
        ("INSERT INTO audit SELECT 6, body, hash FROM audit WHERE number = 5", "entry 6 was altered, or inserted"),
        ("UPDATE audit SET number = 9 WHERE number = 5", "entries from 5 on have been removed"),
    ],
)
def test_a_changed_log_is_found_out(kept: Kept, capsys: pytest.CaptureFixture[str], statement: str, said: str) -> None:
    kept.change(statement)

    assert kept.run("verify", POOL1) == ExitCode.FAILED
    assert said in " ".join(capsys.readouterr().err.split())
