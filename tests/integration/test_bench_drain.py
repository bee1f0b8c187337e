"""The benches that drain, on real servers: that they measure the right thing, not how fast it is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.labs import PROGRAM
from tests.rabbitmq_server import require_rabbitmq

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


@pytest.fixture
def place() -> Iterator[Path]:
    """Where the temporary files of a bench go; not pytest's own place, for PostgreSQL's user has to get there."""
    directory = Path(tempfile.mkdtemp(prefix="twinpool-test-bench-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def bench(directory: Path, *words: str) -> subprocess.Popen[str]:
    """Start a bench whose temporary files lie in a directory, by which its processes are known as well."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_")}
    return subprocess.Popen(
        [str(PROGRAM), "bench", *words],
        env={**environment, "TMPDIR": str(directory)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(directory: Path) -> list[str]:
    """Name the processes that were started for a directory: each has it in its environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={directory}".encode() in path.read_bytes().split(b"\0"):
                found.append(path.with_name("cmdline").read_text().replace("\0", " "))
        except (OSError, UnicodeDecodeError):  # It ended in this moment, or is nobody's business of ours.
            continue
    return found


def drained(directory: Path, *words: str) -> dict[str, Any]:
    return measured(directory, "drain", "--changes", "2000", "--rounds", "1", *words)


def measured(directory: Path, *words: str) -> dict[str, Any]:
    """Run a bench to its end and return its document; nothing of it may be left."""
    require_rabbitmq()
    with bench(directory, *words, "--format", "json") as child:
        printed, said = child.communicate(timeout=250)
    assert child.returncode == 0, said
    assert processes_of(directory) == []
    assert list(directory.iterdir()) == []
    return dict(json.loads(printed))


def require_figures(document: dict[str, Any], *peers: str) -> None:
    assert (document["bench"], document["changes"], document["rounds"]) == ("drain", 2_000, 1)
    assert document["changes_per_s"] > 0
    assert document["cpu_s_per_100k"] > 0
    assert document["peak_rss_mb"] > 10
    assert [peer["name"] for peer in document["peers"]] == list(peers)
    assert document["peer"]["name"] == peers[0]
    assert document["ratio"] == pytest.approx(document["changes_per_s"] / document["peer"]["changes_per_s"], rel=0.01)


def test_a_backlog_in_sqlite_is_drained_beside_its_peers(place: Path) -> None:
    document = drained(place, "--store", "sqlite", "--transaction-size", "1")

    require_figures(document, "store-alone", "pika-naive")
    assert (document["store"], document["transaction_size"]) == ("sqlite", 1)


@pytest.mark.postgresql
def test_a_backlog_in_postgresql_is_drained_beside_logical_replication(place: Path) -> None:
    peers = ("postgresql-logical", "postgresql-logical-async", "store-alone")
    document = drained(place, *(word for peer in peers for word in ("--peer", peer)))

    require_figures(document, *peers)
    assert (document["store"], document["transaction_size"]) == ("postgresql", 100)
    assert document["versions"]["postgresql"]


def test_backlogs_of_several_sizes_are_compared(place: Path) -> None:
    document = measured(place, "grow", "--store", "sqlite", "--sizes", "500,1000,2000", "--rounds", "1")

    assert (document["bench"], document["changes"]) == ("grow", 2_000)
    assert list(document["us_per_change"]) == ["500 changes", "1,000 changes", "2,000 changes"]
    assert document["time_per_change_ratio"] > 0


def test_the_memory_of_real_front_ends_is_read(place: Path) -> None:
    document = measured(place, "memory", "--store", "sqlite", "--backlog", "5000")

    assert (document["bench"], document["changes"]) == ("memory", 5_000)
    assert document["peak_rss_mb"] == round(max(document["source_peak_rss_mb"], document["partner_peak_rss_mb"]), 1)
    assert document["peak_rss_mb"] > 30


def test_ctrl_c_leaves_nothing(place: Path) -> None:
    require_rabbitmq()
    with bench(place, "drain", "--store", "sqlite", "--changes", "200000", "--rounds", "9") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            if "Measuring" in line:  # Servers, and pools or peers of some round, run.
                child.send_signal(signal.SIGINT)
                break
        child.communicate(timeout=100)

    assert child.returncode == 130
    assert processes_of(place) == []
    assert list(place.iterdir()) == []


def test_an_unknown_peer_is_refused_before_anything_is_started(place: Path) -> None:
    with bench(place, "drain", "--peer", "kafka") as child:
        printed, said = child.communicate(timeout=60)

    assert child.returncode == 2, said
    assert "kafka" in said
    assert "Traceback" not in said + printed
