"""A lab of containers for tests: broken by the engine's own commands, and judged from inside."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pytest_docker.plugin import DockerComposeExecutor, get_docker_services

from tests.compose.engine import IMAGE, REPOSITORY

P1, P2, P3, P4 = (f"pool{number}.lab" for number in range(1, 5))
PATIENCE = 150.0  #: seconds; a bound for what never happens, not a measure of what does
JUDGE = Path(__file__).with_name("judge.py")
Seen = TypeVar("Seen")


class ComposeLab:
    """The containers of one project."""

    def __init__(self, project: str, environment: dict[str, str]) -> None:
        """Look at a project that is up."""
        self.project = project
        self._environment = {**os.environ, **environment}
        self._judge: subprocess.Popen[str] | None = None
        self._containers: dict[str, str] = {}

    # ── containers ──────────────────────────────────────────────────────────────────────────────────────────

    def docker(self, *words: str) -> str:
        """Run a command of the engine's client and return what it prints."""
        done = self._run(words)
        assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}{done.stdout}"
        return done.stdout

    def container(self, service: str) -> str:
        """Return the id of a service's container, in whatever state it is."""
        if service not in self._containers:
            labels = {"project": self.project, "service": service}
            filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
            self._containers[service] = self.docker("ps", "--all", "--quiet", "--no-trunc", *filters).strip()
        return self._containers[service]

    def services(self) -> list[str]:
        """Name the services that have a container."""
        label = f"label=com.docker.compose.project={self.project}"
        form = '{{.Label "com.docker.compose.service"}}'
        return sorted(self.docker("ps", "--all", "--filter", label, "--format", form).split())

    def execute(self, service: str, *words: str) -> str:
        """Run a command in a container, as `docker compose exec` does, and return what it prints."""
        return self.docker("exec", self.container(service), *words)

    def twinpool(self, *words: str) -> dict[str, Any]:
        """Run a command as the operator, and return the object that it shows as JSON."""
        shown = json.loads(self.execute("cli", "twinpool", *words, "--format", "json"))
        return dict(shown[0] if isinstance(shown, list) else shown)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a container."""
        return dict(json.loads(self.docker("inspect", self.container(service)))[0])

    def health(self, service: str) -> str:
        """Return how a container is by its own check."""
        return str(self.inspect(service)["State"]["Health"]["Status"])

    def kill(self, *services: str) -> None:
        """End containers as a power cut would."""
        self.docker("kill", *map(self.container, services))

    def start(self, *services: str) -> None:
        """Start containers again."""
        self.docker("start", *map(self.container, services))

    def part(self, network: str, *services: str) -> None:
        """Take containers off one of the project's networks."""
        for service in services:
            self.docker("network", "disconnect", f"{self.project}_{network}", self.container(service))

    def join(self, network: str, *services: str) -> None:
        """Bring containers back to a network, under the names that they had there."""
        for service in services:
            self.docker("network", "connect", "--alias", service, f"{self.project}_{network}", self.container(service))

    def logs(self) -> str:
        """Return the ends of all logs."""
        ends = []
        for service in self.services():
            done = self._run(["logs", "--tail", "40", self.container(service)])
            ends.append(f"── {service}\n{done.stdout}{done.stderr}")
        return "\n".join(ends)

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *words], env=self._environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    # ── the judge inside ────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Run the judge while the block runs."""
        program = JUDGE.read_text(encoding="utf-8")
        command = ["docker", "exec", "--interactive", self.container("judge"), "python3", "-c", program]
        with subprocess.Popen(
            command, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as self._judge:
            yield
            assert self._judge.stdin is not None
            self._judge.stdin.close()
            self._judge.wait(PATIENCE)

    def ask(self, command: str, *arguments: str) -> Any:
        """Give the judge a command and return its answer."""
        assert self._judge is not None
        assert self._judge.stdin is not None
        assert self._judge.stdout is not None
        self._judge.stdin.write(json.dumps([command, *arguments]) + "\n")
        self._judge.stdin.flush()
        answer = self._judge.stdout.readline()
        assert answer, "the judge has ended; what it said stands on standard error"
        return json.loads(answer)

    @contextmanager
    def load(self, *homes: str) -> Iterator[None]:
        """Let clients write to homes while the block runs, some time before and after what it does."""
        self.ask("load", *homes)
        self.more()
        yield
        self.more()
        self.ask("stop")

    def more(self, writes: int = 40) -> None:
        """Wait until so many more writes of each home were answered: a span that does not depend on the machine."""
        wanted = {home: count + writes for home, count in self.ask("answered").items()}

        def look() -> bool:
            now = self.ask("answered")
            return all(now[home] >= count for home, count in wanted.items())

        self.eventually(look, f"{writes} more writes are answered")

    def verdict(self, *, orphans: str = "none") -> dict[str, Any]:
        """Wait until nothing is pending, then judge the load by what the stores hold; fail if anything is violated."""
        self.await_quiet()
        found: dict[str, Any] = self.ask("verdict", orphans)
        assert not found["violations"], f"{found}\n{self.logs()}"
        assert found["figures"]["answered"] >= 80
        for held in found["records"].values():
            assert all(count > 0 for count in held.values()), found
        return found

    # ── seeing ──────────────────────────────────────────────────────────────────────────────────────────────

    def eventually(self, look: Callable[[], Seen | None], what: str) -> Seen:
        """Wait until something is seen; fail with what was waited for, and what the containers say."""
        deadline = time.monotonic() + PATIENCE
        while True:
            if seen := look():
                return seen
            if time.monotonic() > deadline:
                pytest.fail(f"waited {PATIENCE:.0f} s in vain: {what}\n{self.logs()}")
            time.sleep(0.2)

    def active(self, pool: str, *, other_than: str = "") -> str:
        """Wait for an active front end of a pool, and name it."""

        def look() -> str | None:
            found: str | None = self.ask("active", pool)
            return found if found != other_than else None

        return self.eventually(look, f"an active front end of {pool} other than {other_than or 'none'}")

    def await_ready(self, *front_ends: str) -> None:
        """Wait until clients may be sent to front ends."""
        for name in front_ends:
            self.eventually(lambda name=name: self.ask("ready", name), f"{name} is ready")  # type: ignore[misc]

    def await_quiet(self) -> None:
        """Wait until all pools agree who serves what, and nothing is left to send."""
        self.eventually(lambda: not self.ask("quiet"), "no pool has anything left to send")


def service_of(front_end: str) -> str:
    """Name the service of a front end: fe1.pool1.lab runs as fe1-pool1."""
    name, pool, _ = front_end.split(".")
    return f"{name}-{pool}"


@contextmanager
def compose_lab(
    command: Sequence[str], files: Sequence[str], project: str, environment: dict[str, str]
) -> Iterator[ComposeLab]:
    """Bring files of compose/ up, each named by its stem, with the judge of the first; take all of it away after."""
    paths = [str(REPOSITORY / "compose" / f"{name}.yml") for name in files]
    paths.append(str(Path(__file__).with_name(f"judge-of-{files[0]}.yml")))
    executor = DockerComposeExecutor(" ".join(command), paths, project)
    lab = ComposeLab(project, environment)
    try:
        # What is checked out here, where the image is not made already.
        setup = [*(["build prepare"] if environment["TWINPOOL_IMAGE"] == IMAGE else []), "up --detach"]
        with get_docker_services(" ".join(command), paths, project, setup, []), lab.judging():
            lab.await_quiet()
            yield lab
    except BaseException:
        print(lab.logs())
        raise
    finally:
        executor.execute("down --volumes --timeout 5 --remove-orphans")
