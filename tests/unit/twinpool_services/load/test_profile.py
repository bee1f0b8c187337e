"""Profiles are checked strictly, and what is wrong is named by its key."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool.modules.data_conf import DataConf
from twinpool_services.load.operations import NANO, operations
from twinpool_services.load.profile import check_profile, load_profile, stock

STEADY = {"kind": "steady", "rate": 10, "seconds": 2}


def test_every_profile_of_the_stock_is_valid_and_says_what_it_is() -> None:
    profiles = stock()
    assert {"steady", "smoke", "bursts", "diurnal", "hot-keys", "office"} <= set(profiles)
    assert all(profile.description and profile.count for profile in profiles.values())


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({}, "phase"),
        ({"phase": []}, "phase"),
        ({"phase": [{"kind": "steady", "rate": 1}]}, "phase.0.seconds"),
        ({"phase": [{"kind": "wave"}]}, "phase.0"),
        ({"phase": [STEADY | {"rate": -1}]}, "phase.0.rate"),
        ({"phase": [STEADY], "keys": {"usres": 1}}, "keys.usres"),
        ({"phase": [STEADY], "keys": {"choose": "zpif"}}, "keys.choose"),
        ({"phase": [STEADY], "values": {"kind": "uniform", "smallest": 9, "largest": 1}}, "values.largest"),
        ({"phase": [STEADY], "mix": {"Presence": 1}}, "mix"),
        ({"phase": [{"kind": "burst", "base": 1, "peak": 2, "every": 1, "length": 2, "seconds": 9}]}, "phase.0.length"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(document: dict[str, object], key: str) -> None:
    with pytest.raises(InvalidConfiguration) as raised:
        check_profile(document, "mine.toml")
    assert raised.value.field == key
    assert str(raised.value).startswith(f"mine.toml: {key}: ")


def test_keys_are_overridden_by_their_names() -> None:
    profile = load_profile("steady", ["keys.users=7", "phase.0.rate=3", "keys.choose=zipf", "seed=9"])
    assert (profile.keys.users, profile.count, profile.keys.choose, profile.seed) == (7, 90, "zipf", 9)


@pytest.mark.parametrize("override", ["keys.users", "phase.5.rate=1", "phase.x.rate=1", "description.x=1"])
def test_an_override_that_leads_nowhere_is_refused(override: str) -> None:
    with pytest.raises(InvalidConfiguration):
        load_profile("steady", [override])


def test_a_profile_that_there_is_not_is_told_apart_from_one_that_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_profile("nobody-has-this")
    (tmp_path / "broken.toml").write_text("phase = [", encoding="utf-8")
    with pytest.raises(InvalidConfiguration):
        load_profile(str(tmp_path / "broken.toml"))


def test_operations_are_the_same_for_one_seed_and_others_for_another() -> None:
    smoke = load_profile("smoke")
    first = list(operations(smoke))
    assert first == list(operations(smoke))
    assert [one.change for one in first] != [one.change for one in operations(load_profile("smoke", ["seed=2"]))]
    assert [one.due_ns for one in first] == sorted(one.due_ns for one in first)
    assert first[-1].due_ns < smoke.seconds * NANO


def test_a_mix_has_modules_in_proportion_to_their_weights() -> None:
    profile = check_profile({"phase": [STEADY | {"rate": 1000}], "mix": {"PresenceFocus": 3, "DataConf": 1}}, "mine")
    modules = [one.module for one in islice(operations(profile), 2_000)]
    assert modules.count(DataConf.name) / len(modules) == pytest.approx(0.25, abs=0.04)
