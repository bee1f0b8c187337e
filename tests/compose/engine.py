"""A Docker engine for tests: one that runs, else a private one; else the tests are skipped, or fail with CI=true."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

REPOSITORY = Path(__file__).parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twinpool" / "labs"
MAKING = 1_500.0  #: seconds; a bound for what never ends
IMAGE = "twinpool:test"  #: where public images are used


def no_engine(reason: str) -> NoReturn:
    """Skip what needs an engine; with CI=true, where one could have been started, that is an error."""
    (pytest.fail if _nothing_may_be_missing() else pytest.skip)(reason)


def one_generation_does(missing: str) -> None:
    """Go on without a generation of Docker Compose; with CI=true, where it could have been had, that is an error."""
    if _nothing_may_be_missing():
        pytest.fail(f"there is no Docker Compose {missing} (scripts/test installs it where that is allowed)")


def _nothing_may_be_missing() -> bool:
    return os.environ.get("CI") == "true" and os.geteuid() == 0 and Path("/etc/debian_version").exists()


def compose_tools() -> dict[str, list[str]]:
    """Return the command of each generation of Docker Compose that is here."""
    found = {}
    fetched = CACHE / "compose-v2" / "docker-compose"
    if shutil.which("docker") and _version_of(["docker", "compose"]).startswith(("2.", "v2.")):
        found["v2"] = ["docker", "compose"]
    elif fetched.exists():
        found["v2"] = [str(fetched)]
    if shutil.which("docker-compose") and _version_of(["docker-compose"]).startswith("1."):
        found["v1"] = ["docker-compose"]
    return found


def _version_of(command: list[str]) -> str:
    done = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def running_engine() -> Iterator[dict[str, str]]:
    """Yield the environment in which an engine answers; a private one is stopped afterwards unless others use it."""
    started = _script("lab-engine", "start")
    if started.returncode:
        no_engine(started.stderr)
    said = variables(started.stdout)
    if not said:
        yield {}
        return
    lock = Path(said.pop("TWINPOOL_LAB_ENGINE_LOCK"))
    try:
        with lock.open("a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield said
    finally:
        _script("lab-engine", "stop")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other lab of the tests runs on this machine: two would share its processors."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "tests.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def lab_images(environment: dict[str, str]) -> dict[str, str]:
    """Return the variables that name the images, after making those that lack; of public ones only ours is named."""
    made = _script("lab-images", "postgres", "prometheus", environment=environment)
    assert made.returncode == 0, made.stderr
    return {"TWINPOOL_IMAGE": IMAGE, **variables(made.stdout)}


def _script(name: str, *words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(REPOSITORY / "scripts" / name), *words],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=MAKING,
    )


def variables(text: str) -> dict[str, str]:
    """Read NAME=VALUE lines."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
