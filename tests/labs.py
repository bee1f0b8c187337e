"""A lab for tests: two pools as real processes over real servers, clients that note each answer, and a judge."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests import nursery
from tests.rabbitmq_server import GIVEN, VirtualHosts, require_rabbitmq
from twinpool.http_client import client_of
from twinpool.modules.registry import load_modules
from twinpool.ports.store import Store
from twinpool.security.credentials import authorization
from twinpool.stores.opening import open_store
from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import CMS_HOME, Home, PoolFqdn, Stream
from twinpool_services.lab import Lab, LabPlan, ProcessState, Watcher
from twinpool_services.lab.demo.answers import Answers
from twinpool_services.lab.demo.comparing import Comparison
from twinpool_services.lab.demo.loading import Loaded, SteadyLoad, Target
from twinpool_services.lab.demo.takeover import acknowledged, pending
from twinpool_services.lab.front_end_process import FrontEndProcess

P1, P2 = PoolFqdn("pool1.lab"), PoolFqdn("pool2.lab")
MODULES = load_modules()
PRESENCE, DATA_CONF, CMS_MASTER = MODULES.names
CONTACTS = Stream(Home(P1), PRESENCE)
CMS = Stream(CMS_HOME, CMS_MASTER)
USERS = 2_000  #: of a load; half of the writes go through each front end

PATIENCE = 90.0  #: seconds; a bound for what never happens, not a measure of what does
LOCK_SECONDS = 0.5  #: how long a test waits for the lock of a SQLite store that others use

Status = Mapping[str, Any]
Seen = TypeVar("Seen")


class RunningLab:
    """A lab whose front ends run, seen from outside: by HTTP, by signals, and by what lies in its stores."""

    def __init__(self, lab: Lab, watcher: Watcher, closing_: ExitStack) -> None:
        """Judge a lab that has just been made."""
        self.lab, self.watcher = lab, watcher
        self.answers = Answers()
        self._closing = closing_
        self._clients: dict[str, httpx.Client] = {}

    # ── who is who ──────────────────────────────────────────────────────────────────────────────────────────

    def pool(self, fqdn: str) -> Pool:
        return self.lab.deployment.pool(fqdn)

    def names(self, pool: str) -> list[str]:
        """Name the front ends of a pool."""
        return [front_end.name for front_end in self.pool(pool).front_ends]

    def other(self, pool: str, name: str) -> str:
        """Name the other front end of a pool of two."""
        return next(one for one in self.names(pool) if one != name)

    def active(self, pool: str, *, among: Iterable[str] | None = None) -> str:
        """Wait for an active front end of a pool, among some of them if so asked, and name it."""
        chosen = [one for one in self.pool(pool).front_ends if among is None or one.name in set(among)]
        return str(self.eventually(lambda: self.watcher.active_of(self._living(chosen)), "an active one")["FrontEnd"])

    def active_others(self, pool: str, name: str, seconds: float) -> str:
        """Wait until another front end than this one is the active one, and name it."""
        among = [one for one in self.pool(pool).front_ends if one.name != name]
        found = self.eventually(lambda: self.watcher.active_of(among), f"somebody takes over from {name}", seconds)
        return str(found["FrontEnd"])

    def about(self, name: str) -> Status:
        """Return what a front end says of itself, once it answers."""
        front_end = self.lab.deployment.front_end(name)[1]
        return self.eventually(lambda: self.watcher.about(front_end), f"{name} answers")

    def at(self, name: str) -> httpx.Client:
        """Return a client of one front end."""
        if name not in self._clients:
            address = self.lab.deployment.front_end(name)[1].address
            client = client_of(self.lab.deployment, timeout=60, headers=self.headers, base_url=address)
            self._clients[name] = self._closing.enter_context(client)
        return self._clients[name]

    @property
    def headers(self) -> dict[str, str]:
        """What shows that a request is the administrator's."""
        return authorization(self.lab.deployment, {})

    def client(self, pool: str) -> httpx.Client:
        """Return a client of a pool: of any front end that runs."""
        return self.at(self._living(self.pool(pool).front_ends)[0].name)

    def start(self, *names: str) -> None:
        """Start front ends at the same time, and wait until each is ready."""
        for name in names:
            self.lab.process(name).start()
        for name in names:
            front_end = self.lab.deployment.front_end(name)[1]
            self.eventually(partial(self.watcher.is_ready, front_end), f"{name} is ready")

    def heal(self) -> None:
        """Let everything run again, with the configuration as it is by default."""
        names = [name for pool in (P1, P2) for name in self.names(pool)]
        for name in names:
            if self.lab.state(name) is ProcessState.PAUSED:
                self.lab.resume(name)
        self.start(*names)
        usual = BackupServiceConfiguration().to_document()
        if self.client(P1).get("/v1/backup-configuration").json() != usual:
            self.configure(**{name: value for name, value in usual.items() if name != "Identity"})
        self.await_final()

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────

    def target(self, pool: str) -> Target:
        """Return a pool to be written to, whose answers are noted."""
        return Target(self.lab.deployment, self.pool(pool), self.answers)

    @contextmanager
    def load(self, pool: str, users: int = USERS) -> Iterator[SteadyLoad]:
        """Write through every front end of a pool while the block runs; what is answered is noted."""
        load = SteadyLoad(self.target(pool), range(users))
        with load.running():
            self.eventually(lambda: load.loaded.changes or None, "the first answers")
            yield load

    def more(self, load: SteadyLoad, changes: int = 2_000) -> Loaded:
        """Wait until so many more changes were answered: a span of load that does not depend on the machine."""
        wanted = load.loaded.changes + changes
        return self.eventually(lambda: load.loaded if load.loaded.changes >= wanted else None, "more answers")

    def put(self, pool: str, key: str, value: bytes, owner: str = "alice@lab") -> int:
        """Put one record of presence and return its position."""
        path = f"/v1/homes/{pool}/modules/PresenceFocus/records/{owner}/{key}"
        return position_of(self.client(pool).put(path, content=value))

    def upload(self, pool: str, name: str, pieces: Iterable[bytes]) -> None:
        """Upload a file of a conference."""
        path = f"/v1/homes/{pool}/conferences/weekly/files/{name}"
        position_of(self.client(pool).put(path, content=iter(pieces)))

    def configure(self, *pools: str, **settings: object) -> None:
        """Change the configuration, and wait until these pools know; both unless some are named."""
        answer = self.client(P1).patch("/v1/backup-configuration", json=settings)
        assert answer.is_success, answer.text
        changed = answer.json()

        def known() -> bool | None:
            names = [name for pool in pools or (P1, P2) for name in self.names(pool)]
            running = [name for name in names if self.lab.state(name) is ProcessState.RUNNING]
            return all(self.at(name).get("/v1/backup-configuration").json() == changed for name in running) or None

        self.eventually(known, f"all know {settings}")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the `twinpool` command as an operator would."""
        program = Path(sysconfig.get_path("scripts")) / "twinpool"
        environment = {**os.environ, "TWINPOOL_DEPLOYMENT": str(self.lab.deployment_file), "COLUMNS": "200"}
        return nursery.run([str(program), *words], environment, PATIENCE)

    # ── seeing ──────────────────────────────────────────────────────────────────────────────────────────────

    def eventually(self, look: Callable[[], Seen | None], what: str, seconds: float = PATIENCE) -> Seen:
        """Wait until something is seen; fail with what was waited for, and what the pools say."""
        seen = self.watcher.until(lambda: look() or None, seconds)
        if seen is None:
            said = [self.watcher.status_of(pool, self._living(self.pool(pool).front_ends)) for pool in (P1, P2)]
            pytest.fail(f"waited {seconds:.0f} s in vain: {what}\n" + "\n".join(map(_told, said)))
        return seen

    def status(self, pool: str) -> Status:
        """Return the backup status of a pool, by any front end that runs."""
        front_ends = self._living(self.pool(pool).front_ends)
        return self.eventually(lambda: self.watcher.status_of(pool, front_ends), f"a status of {pool}")

    def module(self, pool: str, module: str = PRESENCE) -> Status:
        """Return the status of one module."""
        return next(row for row in self.status(pool)["BackupModules"] if row["Identity"] == module)

    def acknowledged(self, pool: str) -> int:
        """Return how far the partner has acknowledged, over all modules."""
        return acknowledged(self.status(pool))

    def await_progress(self, pool: str) -> None:
        """Wait until the partner has acknowledged something that it had not before."""
        before = self.acknowledged(pool)
        self.eventually(lambda: self.acknowledged(pool) > before, f"more of {pool} is acknowledged")

    def await_final(self, *pools: str) -> None:
        """Wait until nothing is left to send, either way unless pools are named."""
        for pool in pools or (P1, P2):
            self.eventually(partial(self._is_final, pool), f"{pool} is in FinalState")

    def lease(self, pool: str) -> Status:
        """Return the lease of a pool."""
        return self.eventually(lambda: self.about(self.active(pool))["Lease"], f"a lease of {pool}")

    def events(self, name: str, event: str) -> list[Status]:
        """Return the events of a kind that a front end has logged."""
        lines = self.lab.process(name).log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        documents = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [document for document in documents if document.get("event") == event]

    # ── judging ─────────────────────────────────────────────────────────────────────────────────────────────

    def assert_equal(self, *, homes: Sequence[str] = (P1, P2)) -> None:
        """Compare both stores record by record and file by file, and with all that clients were told."""
        comparison = Comparison(self.pool(P1), self.pool(P2), self.answers, lambda _count: None)
        found = comparison.run(streams_of(homes))
        assert found.is_clean, found.examples
        assert found.equal, "there is nothing to compare"

    def assert_in_step(self) -> None:
        """Wait for FinalState both ways, then compare."""
        self.await_final()
        self.assert_equal()

    @contextmanager
    def store(self, pool: str) -> Iterator[Store]:
        """Open the store of a pool beside its front ends."""
        with closing(open_store(self.pool(pool).store, PoolFqdn(pool))) as opened:
            yield opened

    def pause_between_commits(self, name: str) -> None:
        """Halt a front end at a moment at which it does not hold the lock of its SQLite store.

        In the middle of a commit it would keep everybody else from writing for as long as it is halted: nobody could
        take over, and that is what the caller wants to see.
        """
        pool = self.lab.deployment.front_end(name)[0]
        self.eventually(lambda: self._paused_outside_of_commits(name, pool), f"{name} halted between two commits")

    def _paused_outside_of_commits(self, name: str, pool: Pool) -> bool:
        self.lab.pause(name)
        with closing(sqlite3.connect(pool.store.removeprefix("sqlite:///"), timeout=LOCK_SECONDS)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.rollback()
            except sqlite3.OperationalError:
                self.lab.resume(name)
                return False
        return True

    def _is_final(self, pool: str) -> bool:
        status = self.status(pool)
        # Without a reason a module is NotInitialized because another pool serves it, and never exported from here.
        said = {(row["ExportStatus"], row["Reason"]) for row in status["BackupModules"]} - {("NotInitialized", "")}
        return {state for state, _ in said} == {"FinalState"} and pending(status) == 0

    def _living(self, front_ends: Iterable[Any]) -> list[Any]:
        return [one for one in front_ends if self.lab.state(one.name) is ProcessState.RUNNING]


def streams_of(homes: Iterable[str]) -> list[Stream]:
    """Name all streams of these homes, and that of the CMS."""
    user = [module.name for module in MODULES if not module.category.is_cms]
    return [*(Stream(Home(home), module) for home in homes for module in user), CMS]


def position_of(answer: httpx.Response) -> int:
    """Return the position of a write that was answered."""
    assert answer.is_success, f"{answer.status_code}: {answer.text}"
    return int(answer.json()["Position"])


def _told(status: Status | None) -> str:
    return "no status" if status is None else json.dumps(status, indent=1)


# ── making one ──────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def running_lab(
    request: pytest.FixtureRequest,
    *,
    own_broker: bool = False,
    heartbeat: int | None = None,
    prepare: Callable[[Lab, LabPlan], None] = lambda _lab, _plan: None,
    **plan: Any,
) -> Iterator[RunningLab]:
    """Run a lab until the block is left, over a virtual host of the session's RabbitMQ or a private node of its own.

    `prepare` sees the lab before anything is started. It lies in a directory of its own that is deleted afterwards, for
    what a lab leaves is large; if a test has failed meanwhile, the ends of its logs are printed first.
    """
    failed_before = request.session.testsfailed
    with ExitStack() as cleanup:
        directory = Path(tempfile.mkdtemp(prefix="twinpool-lab-"))
        cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        if own_broker:
            require_rabbitmq()
        else:
            url = _url_of_virtual_host(request)
            plan["broker_url"] = url if heartbeat is None else f"{url}{'&' if '?' in url else '?'}heartbeat={heartbeat}"
        lab, planned = Lab(directory, spawn=nursery.spawn), LabPlan(**plan)
        prepare(lab, planned)
        cleanup.callback(lab.down, erase=True)
        cleanup.callback(_end_at_once, lab)
        lab.up(planned)
        yield RunningLab(lab, cleanup.enter_context(Watcher(lab.deployment)), cleanup)
        if request.session.testsfailed > failed_before:
            for process in _processes(lab):
                print(f"── {process.name}\n{process.last_words()}")


def _end_at_once(lab: Lab) -> None:
    """End what runs: everything that a test wanted to see of an orderly stop it has seen."""
    if lab.exists and lab.deployment_file.exists():
        for process in _processes(lab):
            process.kill()


def _processes(lab: Lab) -> list[FrontEndProcess]:
    return [lab.process(front_end.name) for pool in lab.deployment.pools for front_end in pool.front_ends]


def _url_of_virtual_host(request: pytest.FixtureRequest) -> str:
    if given := os.environ.get(GIVEN):
        return given
    hosts: VirtualHosts = request.getfixturevalue("virtual_hosts")
    return hosts.new_url()
