"""Experiments: what stands in their files, and what is wrong with one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinpool.errors import InvalidConfiguration, NotFound
from twinpool_services.lab import StoreKind
from twinpool_services.load.experiments.definition import load_experiment, stock

TWO = '[[variant]]\nname = "one"\n[[variant]]\nname = "two"\n'


def written(directory: Path, text: str) -> str:
    path = directory / "mine.toml"
    path.write_text(f'question = "Why?"\n{text}', encoding="utf-8")
    return str(path)


def test_each_of_the_stock_can_be_read_and_asks_something() -> None:
    found = stock()

    assert {"sync-interval", "saturation", "broker-outage", "batches", "broker-nodes", "stores"} <= found.keys()
    for experiment in found.values():
        assert experiment.question.endswith("?")
        assert experiment.seconds > 0


def test_a_variant_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    text = 'set = ["phase.0.rate=7"]\n' + TWO + 'set = ["phase.0.seconds=3"]\nlab = { store = "postgresql" }\n'
    experiment = load_experiment(written(tmp_path, text))
    one, two = (experiment.load_of(variant) for variant in experiment.variant)

    assert two.count == 21
    assert one.seconds != two.seconds
    assert [experiment.plan_of(each).store for each in experiment.variant] == [StoreKind.SQLITE, StoreKind.POSTGRESQL]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[[variant]]\nname = "one"\n', "variant"),
        ('[[variant]]\nname = "one"\n' * 2, "the same name"),
        (TWO + "outage = -1\n", "outage"),
        (TWO + 'settings = { Speed = "1" }\n', "no setting Speed"),
        (TWO + 'settings = { SyncInterval = "00:00:01" }\n', "SyncInterval"),
        (TWO + 'set = ["phase.9.rate=1"]\n', "phase.9.rate"),
        (TWO + "lab = { broker_nodes = 0 }\n", "broker_nodes"),
        ('profile = "no-such"\n' + TWO, "no-such"),
        ("[[variant]\n", "mine.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises((InvalidConfiguration, NotFound), match=part):
        load_experiment(written(tmp_path, text))


def test_an_experiment_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="twinpool load experiment list"):
        load_experiment("nothing")
    with pytest.raises(InvalidConfiguration, match="cannot read"):
        load_experiment(str(tmp_path / "nothing.toml"))
