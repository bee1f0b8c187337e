from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinpool.brokers.process_mark import ProcessMark
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.lab.front_end_process import FrontEndProcess, ProcessState
from twinpool_services.lab.note import LabFailed

NAME = FrontEndName("fe1.pool1.lab")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing until it is ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield child
        child.kill()


def test_a_halted_process_is_told_from_a_running_one(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    process = FrontEndProcess(NAME, tmp_path, ProcessMark.of(sleeper.pid))
    seen = [process.state]
    process.pause()
    seen.append(process.state)
    process.resume()
    seen.append(process.state)

    assert seen == [ProcessState.RUNNING, ProcessState.PAUSED, ProcessState.RUNNING]


def test_another_process_of_the_same_number_is_left_alone(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    mark = ProcessMark.of(sleeper.pid)
    assert mark is not None
    process = FrontEndProcess(NAME, tmp_path, ProcessMark(pid=mark.pid, started=mark.started - 1))

    process.kill()
    process.ask_to_stop()

    assert process.state is ProcessState.STOPPED
    assert sleeper.poll() is None


def test_a_signal_to_nobody_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabFailed, match="does not run"):
        FrontEndProcess(NAME, tmp_path, None).pause()
