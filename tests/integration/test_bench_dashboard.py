"""`twinpool bench dashboard` on real servers: that people really look, not what it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benches import measured

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


def test_what_looking_costs_is_measured_beside_replication_that_nobody_looks_at(place: Path, amqp_url: str) -> None:
    words = ("--store", "sqlite", "--watchers", "4", "--seconds", "2", "--rounds", "1")
    document = measured(place, "dashboard", *words, broker=amqp_url)

    assert (document["bench"], document["watchers"]) == ("dashboard", 4)
    assert document["changes_per_s_with"] > 0
    assert document["changes_per_s_without"] > 0
    assert document["cpu_s_per_100k_with"] > 0
    assert document["events_per_watcher"] >= 1, "nothing was sent to those who looked"
    for whose in ("news_own_ms", "news_partner_ms"):
        assert 0 < document[whose]["p50"] <= document[whose]["max"]
