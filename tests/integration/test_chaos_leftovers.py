"""A chaos run that dies cannot clean up: the next one does it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.labs import PROGRAM
from tests.benches import processes_of
from tests.rabbitmq_server import require_rabbitmq
from twinpool_services.chaos.leftovers import NOTE, PREFIX

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]

REMOVE = "from twinpool_services.chaos.leftovers import remove_leftovers; print(remove_leftovers())"


def test_what_a_killed_run_left_is_taken_away_by_the_next_one(place: Path) -> None:
    require_rabbitmq()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINPOOL_")}
    environment["TMPDIR"] = str(place)
    words = [str(PROGRAM), "chaos", "run", "steady", "--out", str(place / "results")]
    run = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        await_front_ends(place, run)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    left = processes_of(place)
    assert [line for line in left if "rabbit" in line]
    assert [line for line in left if "front" in line]

    removed = subprocess.run(
        [sys.executable, "-c", REMOVE], env=environment, capture_output=True, text=True, check=True, timeout=120
    )

    assert removed.stdout.strip() == "1"
    assert processes_of(place) == []
    assert not list(place.glob(f"{PREFIX}*"))


def await_front_ends(place: Path, run: subprocess.Popen[bytes]) -> None:
    """Wait until front ends of the run's lab live, so that there is something to leave behind."""
    deadline = time.monotonic() + 120
    while not (list(place.glob(f"{PREFIX}*/{NOTE}")) and any("front" in line for line in processes_of(place))):
        assert run.poll() is None, "the run has ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.1)
