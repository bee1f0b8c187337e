"""`twinpool orphans` against the front ends of a pair, one of which came back with changes of its own."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.streams import STREAM
from tests.front_ends import POOL1, POOL2
from tests.orphans import EXPECTED, PartedPair, front_ends_of, part, stores_in
from twinpool.vocabulary.change import RecordKey
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.main import main

Command = Callable[..., int]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[PartedPair]:
    with stores_in(tmp_path) as stores, front_ends_of(part(*stores), tmp_path) as serving:
        yield serving


@pytest.fixture
def orphans(pair: PartedPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `twinpool orphans`, by the user `ada`, where nobody answers a question."""
    pools = "".join(
        f'[[pool]]\nfqdn = "{fqdn}"\nstore = "sqlite:///{fqdn}.db"\n'
        f'front_ends = [{{ name = "fe.{fqdn}", listen = "{host}:{front_end.port}" }}]\n'
        for fqdn, host, front_end in ((POOL1, "127.0.0.1", pair.first), (POOL2, "127.0.0.2", pair.second))
    )
    text = f'[deployment]\ncms_master = "{POOL1}"\n{pools}[[pair]]\npools = ["{POOL1}", "{POOL2}"]\n'
    (tmp_path / "twinpool.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return lambda *words: main(["orphans", *map(str, words)])


def listed(orphans: Command, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert orphans("list", POOL1, *words, "--format", "json") == ExitCode.OK
    page: dict[str, Any] = json.loads(capsys.readouterr().out)
    return page


def held(pair: PartedPair, owner: str) -> bytes | None:
    return pair.sides.second.store.read(STREAM, RecordKey(owner, "k"))


def test_orphans_are_a_table(orphans: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert orphans("list", POOL1) == ExitCode.OK

    shown = capsys.readouterr()
    rows = [line.split() for line in shown.out.splitlines()]
    assert rows[0] == ["Number", "State", "BackupModule", "Owner", "Key", "Operation", "CommittedAt"]
    assert {row[3]: row[1] for row in rows[3:]} == EXPECTED
    assert "8 orphans, 8 undecided." in shown.err


def test_a_table_fits_the_terminal(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "90")

    orphans("list", POOL1)
    orphans("show", POOL1, pair.sides.number("conflict"))

    shown = re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out)
    assert [line for line in shown.splitlines() if len(line) > 90] == []
    assert "Conflict" in shown


def test_a_list_can_be_cut_and_gone_on_with(orphans: Command, capsys: pytest.CaptureFixture[str]) -> None:
    whole = listed(orphans, capsys, "--limit", "0")
    first = listed(orphans, capsys, "--limit", "3")
    rest = listed(orphans, capsys, "--after", str(first["Next"]))

    assert first["Orphans"] + rest["Orphans"] == whole["Orphans"]
    assert (whole["Next"], whole["Total"]) == (None, 8)
    orphans("list", POOL1, "--limit", "3")
    assert f"--after {first['Next']}" in capsys.readouterr().err


def test_a_list_can_be_of_some(orphans: Command, capsys: pytest.CaptureFixture[str]) -> None:
    page = listed(orphans, capsys, "--classification", "safetoreplay", "--module", "PresenceFocus", "--home", POOL1)

    assert [row["Owner"] for row in page["Orphans"]] == ["safe", "new", "gone"]


def test_an_orphan_is_shown_with_its_difference(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orphans("show", POOL1, pair.sides.number("conflict")) == ExitCode.OK

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["Classification", ":", "Conflict"] in lines
    assert ["v", '"orphan"', '"newer"'] in lines
    assert ["w", "1"] in lines


def test_all_that_is_safe_is_replayed_and_nothing_else(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orphans("replay", POOL1, "--all-safe", "--yes", "--note", "after the storm") == ExitCode.OK

    outcomes = [line.split()[1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert sorted(outcomes) == ["replayed"] * 3 + ["was"]
    assert (held(pair, "safe"), held(pair, "gone")) == (b'{"v": "orphan"}', None)
    assert held(pair, "conflict") == b'{"v": "newer", "w": 1}'
    rows = {row["Owner"]: row for row in listed(orphans, capsys)["Orphans"]}
    assert {owner for owner, row in rows.items() if row["Decision"]} == {"there", "safe", "new", "gone"}
    assert (rows["safe"]["DecidedBy"], rows["safe"]["Note"]) == ("ada", "after the storm")
    assert orphans("replay", POOL1, "--all-safe", "--yes") == ExitCode.OK
    assert "nothing to replay" in capsys.readouterr().err


def test_a_conflict_is_replayed_by_force(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    number = pair.sides.number("conflict")

    assert orphans("replay", POOL1, number, "--yes") == ExitCode.REFUSED
    assert "hint: Look at the difference" in capsys.readouterr().err
    assert orphans("replay", POOL1, number, "--yes", "--force") == ExitCode.OK

    assert held(pair, "conflict") == b'{"v": "orphan"}'


def test_of_several_each_is_settled_for_itself(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = [pair.sides.number(owner) for owner in ("conflict", "new")]

    assert orphans("replay", POOL1, *numbers, 999, "--yes") == ExitCode.REFUSED

    shown = capsys.readouterr()
    assert "2 of 3 orphans were left as they are" in shown.err
    assert f"orphan {numbers[0]}:" in shown.out
    assert held(pair, "new") == b'{"v": "orphan"}'


def test_nothing_is_done_without_an_explicit_word(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = pair.sides.number("deleted")

    assert orphans("discard", POOL1, number, "--note", "old") == ExitCode.USAGE
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert orphans("discard", POOL1, number, "--note", "old") == ExitCode.OK
    assert "Nothing was done" in capsys.readouterr().err
    assert listed(orphans, capsys)["Undecided"] == 8

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert orphans("discard", POOL1, number, "--note", "old") == ExitCode.OK
    assert f"About to discard orphan {number} of {POOL1}" in capsys.readouterr().err
    assert listed(orphans, capsys)["Undecided"] == 7


def test_older_values_are_discarded_together(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orphans("discard", POOL1, "--all-overtaken", "--note", "older", "--yes", "--by", "eve") == ExitCode.OK
    capsys.readouterr()

    decided = [row for row in listed(orphans, capsys)["Orphans"] if row["Decision"]]
    assert [(row["Owner"], row["Decision"], row["DecidedBy"]) for row in decided] == [("safe", "discarded", "eve")]
    assert decided[0]["Number"] < pair.sides.number("safe")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", POOL1, 999), ExitCode.NOT_FOUND),
        (("show", "nowhere.lab", 1), ExitCode.NOT_FOUND),
        (("list", POOL1, "--classification", "Nice"), ExitCode.USAGE),
        (("list", POOL1, "--module", "Nothing"), ExitCode.NOT_FOUND),
        (("replay", POOL1), ExitCode.USAGE),
        (("replay", POOL1, 1, "--all-safe"), ExitCode.USAGE),
        (("replay", POOL1, "--all-safe", "--force"), ExitCode.USAGE),
        (("replay", POOL1, 1, "--home", POOL1), ExitCode.USAGE),
        (("discard", POOL1, 1), ExitCode.USAGE),
        (("discard", POOL1, "--note", "x"), ExitCode.USAGE),
    ],
)
def test_exit_codes_say_what_is_wrong(orphans: Command, words: tuple[object, ...], code: ExitCode) -> None:
    assert orphans(*words) == code


def test_while_the_serving_pool_is_silent_orphans_are_listed_and_nothing_is_chosen(
    orphans: Command, pair: PartedPair, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair.first.context, "addresses_of", lambda _pool: ["http://127.0.0.9:1"])

    page = listed(orphans, capsys)
    assert orphans("list", POOL1) == ExitCode.OK
    assert "WARNING: not classified: pool2.lab, which serves the home" in capsys.readouterr().err
    assert orphans("replay", POOL1, "--all-safe", "--yes") == ExitCode.UNREACHABLE
    assert orphans("show", POOL1, pair.sides.number("safe")) == ExitCode.UNREACHABLE

    assert {row["Classification"] for row in page["Orphans"]} == {None}


def test_help_has_examples(orphans: Command, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("list", "show", "replay", "discard"):
        assert orphans(command, "--help") == ExitCode.OK
        assert f"  twinpool orphans {command} pool1.lab" in capsys.readouterr().out
