"""The command as a process: what a script sees."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.twinpool_services.cli.answering import Answer, Asked, deployment_text, front_end, problem
from twinpool.errors import (
    BrokerUnreachable,
    ImportFailed,
    InvalidConfiguration,
    LeaseLost,
    NotAuthenticated,
    NotAuthorised,
    NotFound,
    PoolUnreachable,
    Refused,
    TooManyAttempts,
    TwinpoolError,
)
from twinpool_services.cli.exit_codes import ExitCode, exit_code_of

COMMAND = [sys.executable, "-c", "import sys; from twinpool_services.cli.main import main; sys.exit(main())"]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Path]:
    """A deployment of which no front end runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        path = tmp_path / "twinpool.toml"
        path.write_text(deployment_text({"pool1.lab": [taken.getsockname()[1]]}, pairs=""), encoding="utf-8")
        yield path


def run(directory: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=directory, check=False, timeout=60)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("x"), ExitCode.NOT_FOUND),
        (NotAuthenticated("x"), ExitCode.DENIED),
        (NotAuthorised("x"), ExitCode.DENIED),
        (TooManyAttempts("x"), ExitCode.DENIED),
        (Refused("x"), ExitCode.REFUSED),
        (LeaseLost("x"), ExitCode.REFUSED),
        (InvalidConfiguration("x"), ExitCode.USAGE),
        (PoolUnreachable("x"), ExitCode.UNREACHABLE),
        (BrokerUnreachable("x"), ExitCode.UNREACHABLE),
        (ImportFailed("x"), ExitCode.FAILED),
        (TwinpoolError("x"), ExitCode.FAILED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: TwinpoolError, code: ExitCode) -> None:
    assert exit_code_of(error) is code


def test_the_numbers_are_a_promise_to_scripts() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "UNREACHABLE": 4,
        "NOT_FOUND": 5,
        "DENIED": 6,
        "FOUND_WARNINGS": 10,
        "FOUND_ERRORS": 11,
        "INTERRUPTED": 130,
    }


def test_success_is_nought(deployment: Path) -> None:
    ended = run(deployment.parent, "pairs")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\x1b" not in ended.stdout


def test_wrong_usage_is_two(deployment: Path) -> None:
    ended = run(deployment.parent, "Get-CsBackupServiceStatus")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("twinpool: Get-CsBackupServiceStatus needs -PoolFqdn")


def test_no_deployment_file_is_wrong_usage(tmp_path: Path) -> None:
    ended = run(tmp_path, "pairs")
    assert ended.returncode == 2
    assert "no deployment file" in ended.stderr


def test_a_pool_that_is_down_is_four(deployment: Path) -> None:
    ended = run(deployment.parent, "Get-CsBackupServiceStatus", "-PoolFqdn", "pool1.lab", "--format", "json")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert json.loads(ended.stderr)["error"]["type"] == "PoolUnreachable"


def test_what_is_refused_is_three(tmp_path: Path) -> None:
    with front_end(lambda _: problem(409, "refused", "not while it fails over")) as double:
        path = tmp_path / "twinpool.toml"
        path.write_text(deployment_text({"pool1.lab": [double.port]}, pairs=""), encoding="utf-8")
        ended = run(tmp_path, "status", "pool1.lab")
    assert (ended.returncode, ended.stderr) == (3, "twinpool: not while it fails over\n")


def test_what_the_token_does_not_allow_is_six_and_says_whom_to_ask(tmp_path: Path) -> None:
    with front_end(lambda _: problem(403, "not-authorised", "ada lacks the role View")) as double:
        path = tmp_path / "twinpool.toml"
        path.write_text(deployment_text({"pool1.lab": [double.port]}, pairs=""), encoding="utf-8")
        ended = run(tmp_path, "status", "pool1.lab")
    assert ended.returncode == 6
    assert ended.stderr.startswith("twinpool: ada lacks the role View\nhint: Ask a member of RTCUniversalServerAdmins")


def test_an_interruption_is_130(tmp_path: Path) -> None:
    asked_for, enough = threading.Event(), threading.Event()

    def wait(asked: Asked) -> Answer:
        asked_for.set()
        enough.wait(30)
        return 200, {}

    with front_end(wait) as double:
        path = tmp_path / "twinpool.toml"
        path.write_text(deployment_text({"pool1.lab": [double.port]}, pairs=""), encoding="utf-8")
        words = ["Get-CsBackupServiceStatus", "-PoolFqdn", "pool1.lab"]
        with subprocess.Popen([*COMMAND, *words], cwd=tmp_path, stderr=subprocess.PIPE) as process:
            assert asked_for.wait(30)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        enough.set()
    assert (process.returncode, errors) == (130, b"")
