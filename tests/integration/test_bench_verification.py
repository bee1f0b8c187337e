"""`twinpool bench verification` on real servers: that it measures the right thing, not how fast it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benches import measured

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


def test_what_comparing_costs_is_measured_beside_replication_without_it(place: Path, amqp_url: str) -> None:
    words = ("--store", "sqlite", "--records", "5000", "--rounds", "1")
    document = measured(place, "verification", *words, broker=amqp_url)

    assert (document["bench"], document["records"]) == ("verification", 5_000)
    assert document["idle_s"] > 0
    assert document["busy_s"] > 0
    assert 0 < document["exchanged_bytes"] < 5_000 * 96  # digests, not records
    assert document["changes_per_s_with"] > 0
    assert document["changes_per_s_without"] > 0
