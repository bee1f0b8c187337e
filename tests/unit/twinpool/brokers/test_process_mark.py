from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from twinpool.brokers.process_mark import ProcessMark

PATIENCE = 30.0


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def mark_of(process: subprocess.Popen[bytes]) -> ProcessMark:
    mark = ProcessMark.of(process.pid)
    assert mark is not None
    return mark


def test_a_living_process_is_recognised(sleeper: subprocess.Popen[bytes]) -> None:
    mark = mark_of(sleeper)

    assert mark.is_alive()
    assert not mark.wait(0)


def test_a_process_that_has_ended_is_not_alive_even_before_its_parent_looks(sleeper: subprocess.Popen[bytes]) -> None:
    mark = mark_of(sleeper)

    assert mark.send(signal.SIGTERM)

    assert mark.wait(PATIENCE)
    assert not mark.is_alive()
    assert ProcessMark.of(sleeper.pid) is None
    assert not mark.send(signal.SIGTERM)


def test_another_process_of_the_same_number_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = replace(mark_of(sleeper), started=1)

    assert not earlier.is_alive()
    assert not earlier.send(signal.SIGKILL)
    assert earlier.wait(0)
    assert sleeper.poll() is None


def test_a_number_that_nobody_has_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    mark = mark_of(sleeper)
    sleeper.kill()
    sleeper.wait()

    assert not mark.send(signal.SIGKILL)
    assert mark.wait(0)


def test_our_own_process_is_recognised() -> None:
    mark = ProcessMark.of(os.getpid())

    assert mark is not None
    assert mark.is_alive()
