"""The benches that drain, on real servers: that they measure the right thing, not how fast it is."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.benches import bench, measured, processes_of
from tests.rabbitmq_server import require_rabbitmq

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


def drained(directory: Path, broker: str, *words: str) -> dict[str, Any]:
    return measured(directory, "drain", "--changes", "2000", "--rounds", "1", *words, broker=broker)


def require_figures(document: dict[str, Any], *peers: str) -> None:
    assert (document["bench"], document["changes"], document["rounds"]) == ("drain", 2_000, 1)
    assert document["changes_per_s"] > 0
    assert document["cpu_s_per_100k"] > 0
    assert document["peak_rss_mb"] > 10
    assert [peer["name"] for peer in document["peers"]] == list(peers)
    assert document["peer"]["name"] == peers[0]
    assert document["ratio"] == pytest.approx(
        document["changes_per_s"] / document["peer"]["changes_per_s"], rel=0.01, abs=0.001
    )


def test_a_backlog_in_sqlite_is_drained_beside_its_peers(place: Path, amqp_url: str) -> None:
    document = drained(place, amqp_url, "--store", "sqlite", "--transaction-size", "1")

    require_figures(document, "store-alone", "pika-naive")
    assert (document["store"], document["transaction_size"]) == ("sqlite", 1)


@pytest.mark.postgresql
def test_a_backlog_in_postgresql_is_drained_beside_logical_replication(place: Path, amqp_url: str) -> None:
    peers = ("postgresql-logical", "postgresql-logical-async", "store-alone")
    document = drained(place, amqp_url, *(word for peer in peers for word in ("--peer", peer)))

    require_figures(document, *peers)
    assert (document["store"], document["transaction_size"]) == ("postgresql", 100)
    assert document["versions"]["postgresql"]


def test_backlogs_of_several_sizes_are_compared(place: Path, amqp_url: str) -> None:
    words = ("--store", "sqlite", "--sizes", "500,1000,2000", "--rounds", "1")
    document = measured(place, "grow", *words, broker=amqp_url)

    assert (document["bench"], document["changes"]) == ("grow", 2_000)
    assert list(document["us_per_change"]) == ["500 changes", "1,000 changes", "2,000 changes"]
    assert document["time_per_change_ratio"] > 0


def test_the_memory_of_real_front_ends_is_read(place: Path, amqp_url: str) -> None:
    document = measured(place, "memory", "--store", "sqlite", "--backlog", "5000", broker=amqp_url)

    assert (document["bench"], document["changes"]) == ("memory", 5_000)
    assert document["peak_rss_mb"] == round(max(document["source_peak_rss_mb"], document["partner_peak_rss_mb"]), 1)
    assert document["peak_rss_mb"] > 30


def test_ctrl_c_leaves_nothing(place: Path) -> None:
    require_rabbitmq()
    with bench(place, "drain", "--store", "sqlite", "--changes", "2000", "--rounds", "99") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            if "Measuring" in line:  # Servers, and pools or peers of some round, run.
                child.send_signal(signal.SIGINT)
                break
        printed, said = child.communicate(timeout=100)

    assert child.returncode == 130, printed + said
    assert processes_of(place) == []
    assert list(place.iterdir()) == []


def test_an_unknown_peer_is_refused_before_anything_is_started(place: Path) -> None:
    with bench(place, "drain", "--peer", "kafka") as child:
        printed, said = child.communicate(timeout=60)

    assert child.returncode == 2, said
    assert "kafka" in said
    assert "Traceback" not in said + printed
