"""`twinpool lab` as a person uses it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.labs import PROGRAM, twinpool
from tests.pairs import eventually
from tests.rabbitmq_server import require_rabbitmq
from twinpool.brokers.process_mark import ProcessMark
from twinpool.security.credentials import bearer, read_token_file
from twinpool_services.lab import Lab, LabFailed, ProcessState, Watcher

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Where the lab of this module is made; a short path, for sockets lie in it."""
    require_rabbitmq()
    directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
    yield directory
    Lab(directory / "lab").down(erase=True)
    shutil.rmtree(directory)


@pytest.fixture
def lab(place: Path) -> Lab:
    """The lab, up and whole: what a test before has stopped runs again."""
    done = twinpool("lab", "up", cwd=place)
    assert done.returncode == 0, done.stderr + done.stdout
    return Lab(place / "lab")


def status(place: Path) -> dict[str, Any]:
    done = twinpool("lab", "status", "--format", "json", cwd=place)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_up_makes_two_pools_with_two_front_ends_each(lab: Lab, place: Path) -> None:
    found = status(place)

    assert [(one["name"], one["state"]) for one in found["front_ends"]] == [
        ("fe1.pool1.lab", "running"),
        ("fe2.pool1.lab", "running"),
        ("fe1.pool2.lab", "running"),
        ("fe2.pool2.lab", "running"),
    ]
    assert len({one["pid"] for one in found["front_ends"]}) == 4
    assert lab.deployment.partner_of("pool1.lab") == "pool2.lab"


def test_each_pool_has_one_active_front_end(lab: Lab) -> None:
    with Watcher(lab.deployment) as watcher:
        for pool in lab.deployment.pools:
            assert watcher.until(partial(watcher.active_of, pool.front_ends), 60) is not None
            said = [watcher.about(one) for one in pool.front_ends]
            assert sum(bool(one and one["Active"]) for one in said) == 1


def test_up_again_leaves_alone_what_runs(lab: Lab, place: Path) -> None:
    before = status(place)

    assert twinpool("lab", "up", cwd=place).returncode == 0

    assert [one["pid"] for one in status(place)["front_ends"]] == [one["pid"] for one in before["front_ends"]]


def test_the_command_line_finds_the_lab_by_itself(lab: Lab, place: Path) -> None:
    done = twinpool("Get-CsPoolBackupRelationship", "-PoolFQDN", "pool1.lab", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "pool2.lab" in done.stdout


def test_a_front_end_can_be_killed_and_started_again(lab: Lab, place: Path) -> None:
    mark = lab.process("fe2.pool1.lab").mark
    assert mark is not None

    assert twinpool("lab", "kill", "fe2.pool1.lab", cwd=place).returncode == 0
    killed = status(place)["front_ends"][1]
    assert twinpool("lab", "start", "FE2.Pool1.lab", cwd=place).returncode == 0
    started = status(place)["front_ends"][1]

    assert not mark.is_alive()
    assert (killed["state"], killed["pid"]) == ("stopped", None)
    assert started["state"] == "running"


def test_a_front_end_can_be_paused_and_resumed(lab: Lab, place: Path) -> None:
    assert twinpool("lab", "pause", "fe1.pool2.lab", cwd=place).returncode == 0
    paused = status(place)["front_ends"][2]["state"]
    assert twinpool("lab", "resume", "fe1.pool2.lab", cwd=place).returncode == 0

    assert paused == "paused"
    assert lab.state("fe1.pool2.lab") is ProcessState.RUNNING


def test_a_lab_of_another_plan_is_refused(lab: Lab, place: Path) -> None:
    done = twinpool("lab", "up", "--pools", "4", cwd=place)

    assert done.returncode != 0
    assert "lab down --erase" in done.stderr


def test_an_unknown_front_end_is_named(lab: Lab, place: Path) -> None:
    done = twinpool("lab", "stop", "fe9.pool1.lab", cwd=place)

    assert done.returncode == 5
    assert "fe1.pool1.lab" in done.stderr


def test_data_outlives_down_and_up(lab: Lab, place: Path) -> None:
    url = lab.front_ends("pool1.lab")[0].address + "/v1/homes/pool1.lab/modules/PresenceFocus/records/sip:ada/presence"
    headers = bearer(read_token_file(place / "lab" / "client.token"))
    httpx.put(url, content=b"online", trust_env=False, headers=headers).raise_for_status()
    marks = [lab.process(one.name).mark for pool in lab.deployment.pools for one in pool.front_ends]

    assert twinpool("lab", "down", cwd=place).returncode == 0
    stopped = status(place)
    left = [mark for mark in marks if mark is not None and mark.is_alive()]
    assert twinpool("lab", "up", cwd=place).returncode == 0

    assert {one["state"] for one in stopped["front_ends"]} == {"stopped"}
    assert not stopped["servers_running"]
    assert left == []
    assert httpx.get(url, trust_env=False, headers=headers).content == b"online"


def test_a_front_end_that_cannot_start_is_reported_with_its_own_words(lab: Lab, place: Path) -> None:
    lab.stop("fe2.pool2.lab")
    front_end = lab.front_ends("pool2.lab")[1]
    with socket.create_server((front_end.host, front_end.port)), pytest.raises(LabFailed, match="cannot listen"):
        lab.start("fe2.pool2.lab")


def test_ctrl_c_during_up_leaves_nothing_running() -> None:
    require_rabbitmq()
    directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
    with subprocess.Popen([str(PROGRAM), "lab", "up"], cwd=directory, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "Stores" in line:  # The servers run, and the front ends are about to be started.
                eventually(Lab(directory / "lab").deployment_file.exists, "the lab is made")
                child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130

    assert processes_of(directory) == []
    Lab(directory / "lab").down(erase=True)
    shutil.rmtree(directory)


def processes_of(directory: Path) -> list[str]:
    """Name the processes that were started for a directory: each has its path among its arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):  # It ended in this moment.
            continue
        if str(directory) in words:
            found.append(words)
    return found


def test_down_never_ends_a_process_that_took_a_number_over(lab: Lab, place: Path) -> None:
    noted = json.loads((lab.directory / "lab.json").read_text(encoding="utf-8"))
    with subprocess.Popen(["sleep", "600"]) as stranger:
        mark = ProcessMark.of(stranger.pid)
        assert mark is not None
        lab.kill("fe1.pool1.lab")
        noted["processes"]["fe1.pool1.lab"] = {"pid": mark.pid, "started": mark.started - 1}
        (lab.directory / "lab.json").write_text(json.dumps(noted), encoding="utf-8")

        done = twinpool("lab", "down", cwd=place)
        survived = stranger.poll() is None
        stranger.kill()

    assert done.returncode == 0, done.stderr
    assert survived
