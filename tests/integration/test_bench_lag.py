"""`twinpool bench lag` on real servers: that a stall shows, not how fast it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benches import measured

FROZEN_MS = 5_000

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


def test_a_partner_that_stands_still_shows_in_the_lags(place: Path, amqp_url: str) -> None:
    words = ("--store", "sqlite", "--rate", "200", "--seconds", "8", "--freeze", "5", "--rounds", "1")
    document = measured(place, "lag", *words, broker=amqp_url)

    # What was due while the partner stood still is 5 of 8 seconds: half of all lags, spread over the time it lasted.
    assert document["max_ms"] >= FROZEN_MS * 0.95
    assert document["p99_ms"] >= FROZEN_MS * 0.9
    assert document["source_max_ms"] < document["max_ms"]
    assert (document["changes"], document["freeze_s"]) == (1_600, 5.0)
