"""The demo as a person runs it, and what it does when it cannot come to a good end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.labs import PROGRAM, twinpool
from tests.rabbitmq_server import require_rabbitmq

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _rabbitmq() -> None:
    require_rabbitmq()


def test_a_take_over_under_load_loses_nothing(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "talks").mkdir(parents=True)
    (content / "talks" / "large file.bin").write_bytes(os.urandom(3_000_000))
    (content / "README").write_text("read me", encoding="utf-8")

    done = twinpool("demo", "--json", "--users", "300", "--content", str(content), cwd=tmp_path, timeout=250)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "passed"
    assert report["take_over"]["killed"] != report["take_over"]["successor"]
    assert report["take_over"]["generation"] > report["take_over"]["former_generation"]
    assert report["load"]["changes_during_take_over"] > 0
    assert report["answered"]["lost"] == 0
    assert report["answered"]["writes"] > report["answered"]["records"] >= 300 * 12
    assert report["comparison"]["records_missing"] == report["comparison"]["records_different"] == 0
    assert report["comparison"]["files_equal"] >= 2
    assert {status["OverallExportStatus"] for status in report["status"].values()} == {"FinalState"}
    assert not Path(report["directory"]).exists()


def test_a_user_who_presses_ctrl_c_gets_the_machine_back(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [str(PROGRAM), "demo"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if "2  Load" in line:
                child.send_signal(signal.SIGINT)
                break
        child.stdout.read()
        assert child.wait(100) == 130

    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_does_not_answer_is_a_failure_and_said_so(tmp_path: Path) -> None:
    environment = {**os.environ, "TWINPOOL_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/", "TMPDIR": str(tmp_path)}

    done = subprocess.run(
        [str(PROGRAM), "demo", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["verdict"] == "failed"
    assert "127.0.0.1:1" in report["failure"]
