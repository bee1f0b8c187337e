"""`twinpool principals`, `keys` and `pki`: files that they make, and what they show; no server is asked."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.twinpool_services.cli.answering import deployment_text
from twinpool.security.tokens import digest_of
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

Shown = tuple[int, str, str]
Run = Callable[..., Shown]
PRINCIPALS = Path("twinpool.principals.toml")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("twinpool.toml").write_text(deployment_text({"pool1.lab": [8001], "pool2.lab": [8002]}))

    def runs(*words: str) -> Shown:
        code = main(list(words))
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.split())

    return runs


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    code, out, _ = run(*words, "--format", "json")
    assert code == ExitCode.OK
    found = json.loads(out or "[]")
    return found if isinstance(found, list) else [found]


def kept() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(PRINCIPALS.read_text())["principal"]
    return found


def mode_of(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


# ── principals ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_principal_is_kept_without_its_token_which_is_shown_once(run: Run) -> None:
    code, out, err = run("principals", "add", "ada", "--group", "RTCUniversalServerAdmins")
    token = out.strip()

    assert (code, "shown this once" in err) == (ExitCode.OK, True)
    assert token.startswith("tp_")
    assert kept()[0]["token_sha256"] == digest_of(token)
    assert token not in PRINCIPALS.read_text()
    assert mode_of(PRINCIPALS) == 0o600
    assert token not in "".join(map(str, run("principals", "list")))


def test_a_token_may_go_to_a_file_that_only_its_owner_reads(run: Run) -> None:
    code, out, err = run("principals", "add", "wall", "--group", "CSViewOnlyAdministrator", "--token-to", "wall.token")
    token = Path("wall.token").read_text().strip()

    assert (code, out) == (ExitCode.OK, "")
    assert token not in err
    assert kept()[0]["token_sha256"] == digest_of(token)
    assert mode_of("wall.token") == 0o600


def test_principals_are_listed_with_groups_homes_and_their_end(run: Run) -> None:
    run(
        "principals",
        "add",
        "mailbox",
        "--group",
        "TwinpoolDataClients",
        "--home",
        "POOL1.lab",
        "--valid-for",
        "1.00:00:00",
    )
    run("principals", "add", "ada", "--group", "RTCUniversalServerAdmins")

    mailbox, ada = rows(run, "principals", "list")

    assert (mailbox["Name"], mailbox["Groups"], mailbox["Homes"]) == ("mailbox", ["TwinpoolDataClients"], ["pool1.lab"])
    assert mailbox["Expires"] is not None
    assert (ada["Homes"], ada["Expires"]) == ([], None)


def test_a_data_client_without_a_home_is_warned_of(run: Run) -> None:
    assert "may touch the data of no home" in run("principals", "add", "m", "--group", "TwinpoolDataClients")[2]


def test_rotating_makes_the_former_token_worthless_and_removing_the_principal(run: Run) -> None:
    former = run("principals", "add", "ada", "--group", "CSAdministrator")[1].strip()
    newer = run("principals", "rotate", "ADA")[1].strip()

    assert kept()[0]["token_sha256"] == digest_of(newer) != digest_of(former)
    assert run("principals", "remove", "Ada")[0] == ExitCode.OK
    assert rows(run, "principals", "list") == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("add", "ada", "--group", "X"), ExitCode.USAGE, "there is a principal ada already"),
        (("add", "../ada", "--group", "X"), ExitCode.USAGE, "name '../ada' must be"),
        (("add", "eve", "--group", "TwinpoolPools"), ExitCode.USAGE, "for front ends alone"),
        (("add", "eve", "--group", "X", "--home", "not a host"), ExitCode.USAGE, "home 'not a host'"),
        (("add", "eve", "--group", "X", "--valid-for", "soon"), ExitCode.USAGE, "valid-for 'soon'"),
        (("add", "eve", "--group", "X", "--token-to", "no/such/place"), ExitCode.USAGE, "cannot write"),
        (("rotate", "eve"), ExitCode.NOT_FOUND, "no principal 'eve'"),
        (("remove", "eve"), ExitCode.NOT_FOUND, "no principal 'eve'"),
    ],
)
def test_what_cannot_be_granted_changes_nothing(run: Run, words: Sequence[str], code: int, says: str) -> None:
    run("principals", "add", "ada", "--group", "CSAdministrator")
    before = PRINCIPALS.read_text()

    answered, _, err = run("principals", *words)

    assert (answered, says in err) == (code, True), err
    assert PRINCIPALS.read_text() == before


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────


def with_keys(run: Run) -> str:
    """Make the first pool's key, and name it in the deployment file as the command says; return its id."""
    made = rows(run, "keys", "new", "POOL1.lab")
    lines = 'fqdn = "pool1.lab"\nsigning_key = "keys/pool1.lab.key"\nverify_keys = ["keys/pool1.lab.pub"]'
    file = Path("twinpool.toml")
    file.write_text(file.read_text().replace('fqdn = "pool1.lab"', lines))
    return str(made[0]["KeyId"])


def test_a_new_key_is_named_and_only_its_owner_reads_the_private_half(run: Run) -> None:
    made = rows(run, "keys", "new", "pool1.lab")

    assert [(row["Use"], Path(row["File"]).name) for row in made] == [
        ("signs", "pool1.lab.key"),
        ("verifies", "pool1.lab.pub"),
    ]
    assert (mode_of("keys/pool1.lab.key"), made[0]["KeyId"]) == (0o600, made[1]["KeyId"])
    assert run("keys", "new", "pool1.lab")[0] == ExitCode.REFUSED
    assert run("keys", "new", "../pool1")[0] == ExitCode.USAGE


def test_keys_are_listed_as_the_deployment_file_names_them(run: Run) -> None:
    assert "nothing is signed" in run("keys", "list")[2]
    key_id = with_keys(run)

    assert [(row["PoolFqdn"], row["KeyId"], row["Use"]) for row in rows(run, "keys", "list")] == [
        ("pool1.lab", key_id, "signs"),
        ("pool1.lab", key_id, "verifies"),
    ]
    Path("keys/pool1.lab.key").unlink()
    assert rows(run, "keys", "list")[0]["Use"] == "signs (not on this host)"


def test_a_key_is_changed_in_steps_between_which_both_are_known(run: Run) -> None:
    former = with_keys(run)
    assert run("keys", "switch", "pool1.lab")[0] == ExitCode.REFUSED  # for nothing is announced

    newer = rows(run, "keys", "rotate", "pool1.lab")[0]["KeyId"]
    assert {row["KeyId"] for row in rows(run, "keys", "list")} == {former, newer}
    assert run("keys", "rotate", "pool1.lab")[0] == run("keys", "retire", "pool1.lab")[0] == ExitCode.REFUSED

    assert rows(run, "keys", "switch", "pool1.lab")[0]["KeyId"] == newer
    assert [row["KeyId"] for row in rows(run, "keys", "retire", "pool1.lab")] == [former]
    assert {row["KeyId"] for row in rows(run, "keys", "list")} == {newer}
    assert "no former key" in run("keys", "retire", "pool1.lab")[2]


def test_a_pool_without_keys_in_files_is_told_what_it_needs(run: Run) -> None:
    code, _, err = run("keys", "rotate", "pool2.lab")

    assert (code, "needs a signing_key" in err) == (ExitCode.USAGE, True)


# ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────


def test_everybody_whom_the_deployment_file_names_gets_a_certificate(run: Run) -> None:
    made = rows(run, "pki", "init")

    assert {row["Name"] for row in made} >= {"fe1.pool1.lab", "fe1.pool2.lab", "pool1.lab", "pool2.lab"}
    assert {row["Action"] for row in made} == {"made"}
    assert mode_of("pki/ca.key") == mode_of("pki/pool1.lab.key") == 0o600
    assert {row["Name"] for row in rows(run, "pki", "list")} == {row["Name"] for row in made}


def test_certificates_are_made_again_when_they_expire_soon_and_the_ca_is_kept(run: Run) -> None:
    run("pki", "init", "--days", "20")
    ca = Path("pki/ca.crt").read_bytes()
    Path("pki/pool1.lab.crt").unlink()

    missing = {row["Name"] for row in rows(run, "pki", "renew", "--within", "0") if row["Action"] != "kept"}
    renewed = {row["Name"] for row in rows(run, "pki", "renew", "--within", "30") if row["Action"] != "kept"}

    assert missing == {"pool1.lab"}
    assert renewed >= {"fe1.pool1.lab", "pool2.lab"}
    assert Path("pki/ca.crt").read_bytes() == ca


def test_a_second_ca_is_not_made_over_the_first(run: Run) -> None:
    run("pki", "init")
    before = {file: file.read_bytes() for file in Path("pki").iterdir()}

    assert run("pki", "init")[0] == ExitCode.REFUSED
    assert {file: file.read_bytes() for file in Path("pki").iterdir()} == before
