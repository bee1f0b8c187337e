"""The benches of writes and take-overs, on real servers: that they measure the right thing, not how fast it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benches import bench, measured

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


@pytest.mark.parametrize("store", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_writes_with_capture_are_measured_beside_plain_ones(place: Path, amqp_url: str, store: str) -> None:
    words = ("--store", store, "--writers", "1,8", "--seconds", "0.3", "--rounds", "1")
    document = measured(place, "capture", *words, broker=amqp_url)

    assert (document["bench"], document["store"], document["writers"]) == ("capture", store, 8)
    assert document["peer"]["name"] == "plain-writes"
    assert document["ratio"] == pytest.approx(
        document["changes_per_s"] / document["peer"]["changes_per_s"], rel=0.01, abs=0.001
    )
    assert [line["writers"] for line in document["by_writers"]] == [1, 8]
    assert document["by_writers"][1]["ratio"] == pytest.approx(document["ratio"], rel=0.01)


def test_numbers_of_writers_that_make_no_sense_are_refused(place: Path) -> None:
    with bench(place, "capture", "--writers", "0,8") as child:
        _, said = child.communicate(timeout=60)

    assert child.returncode == 2, said
    assert "--writers takes numbers" in said


def test_take_overs_after_a_kill_wait_for_the_lease(place: Path, amqp_url: str) -> None:
    words = ("--store", "sqlite", "--lease", "00:00:04", "--rounds", "1")
    document = measured(place, "takeover", *words, broker=amqp_url)

    assert (document["bench"], document["lease_s"]) == ("takeover", 4.0)
    assert len(document["runs"]["kill_s"]) == len(document["runs"]["stop_s"]) == 1
    assert document["kill_s"] > 1.0  # A lease that was just renewed, at a third of its time, holds for two thirds more.
    assert document["stop_s"] > 0
