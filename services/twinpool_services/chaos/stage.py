"""A lab with everything that a run needs around it: made for a topology, shared by scenarios, always taken down."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from twinpool.errors import TwinpoolError
from twinpool.http_client import client_of
from twinpool.ports.store import Store
from twinpool.security.credentials import authorization
from twinpool.stores.opening import open_store
from twinpool.vocabulary.deployment import FrontEnd, Pool
from twinpool.vocabulary.names import CMS_HOME, PoolFqdn
from twinpool_services.chaos.clients import TIMEOUT, Place
from twinpool_services.chaos.leftovers import remember, remove_leftovers
from twinpool_services.chaos.scenario.model import Topology
from twinpool_services.chaos.surroundings import ChaosSurroundings
from twinpool_services.lab import Display, Lab, ProcessState, Watcher

Seen = TypeVar("Seen")

PATIENCE = 120.0  #: seconds; a bound for what never happens
OPERATOR_PATIENCE = 15.0  #: seconds for which a pool that does not answer is asked again
#: Seconds that a move may wait: for FinalState, and for what is still in the queues of a pool whose partner is lost. If
#: that one goes on sending, they never get empty, and whoever calls a disaster does not want to wait for that.
PLANNED_WAIT, DISASTER_WAIT = 60, 5


class RunFailed(TwinpoolError):
    """A run did not come to a verdict."""

    hint = "The logs lie in the directory of the run; run the scenario again with --keep to look at its lab."


class Unanswered(RunFailed):
    """Nobody of a pool answers at this moment."""


class Stage:
    """A running lab of one topology."""

    def __init__(self, topology: Topology, shown: Display, extra: Mapping[str, str] | None = None) -> None:
        """Prepare; entering it starts the lab, leaving it takes everything away."""
        self.topology = topology
        self.directory = Path(tempfile.mkdtemp(prefix="twinpool-chaos-"))
        self._extra, self._shown = dict(extra or {}), shown
        self._stack = ExitStack()
        self.starting = threading.Lock()  #: one front end after the other, for the lab notes each

    def __enter__(self) -> Self:
        remove_leftovers()
        remember(self.directory)
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        try:
            self.surroundings = self._stack.enter_context(
                ChaosSurroundings(self.topology, self.directory, {"TWINPOOL_LOG_FORMAT": "json", **self._extra})
            )
            self.lab = Lab(self.directory / "lab", self._shown, self.surroundings)
            self._stack.callback(self._take_down)
            self.lab.up(self.topology.lab_plan)
            self.watcher = self._stack.enter_context(Watcher(self.lab.deployment))
            headers = authorization(self.lab.deployment, environment={})
            self.http = self._stack.enter_context(client_of(self.lab.deployment, timeout=TIMEOUT, headers=headers))
            self._configure()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def proxies(self) -> Any:
        """The lines between the pools and everything else."""
        return self.surroundings.proxies

    # ── who is who ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The pools."""
        return self.lab.deployment.pools

    def pool(self, fqdn: str) -> Pool:
        """Return a pool. Raises `NotFound`."""
        return self.lab.deployment.pool(fqdn)

    def pair_of(self, home: str) -> tuple[str, str]:
        """Return the pools that may serve a home: its own, and the backup pool."""
        own = self.lab.deployment.cms_master if home == CMS_HOME else PoolFqdn(home)
        partner = self.lab.deployment.partner_of(own)
        if partner is None:
            raise RunFailed(f"{home} has no backup pool")
        return own, partner

    def places(self, home: str) -> tuple[Place, ...]:
        """Return the front ends that clients of a home may ask; they are reached past all proxies."""
        return tuple(
            Place(pool, one.name, f"http://{one.listen}")
            for pool in self.pair_of(home)
            for one in self.pool(pool).front_ends
        )

    def living(self, pool: str) -> list[FrontEnd]:
        """Return the front ends of a pool that run, as they are reached past all proxies."""
        return [direct(one) for one in self.lab.living(self.pool(pool))]

    def active(self, pool: str) -> str:
        """Return the active front end of a pool, once there is one. Raises `RunFailed`."""
        found = self.eventually(lambda: self.watcher.active_of(self.living(pool)), f"{pool} has an active front end")
        return str(found["FrontEnd"])

    def serving(self, home: str) -> str | None:
        """Return who serves a home, if both pools of the pair say the same."""
        said = {self._serving_by(pool, home) for pool in self.pair_of(home)}
        return said.pop() if len(said) == 1 else None

    def open_store(self, fqdn: str) -> Store:
        """Open the store of a pool beside its front ends, past all proxies."""
        pool = self.pool(fqdn)
        cluster = self.lab.servers.cluster_of(pool.fqdn)
        url = pool.store if cluster is None else cluster.url(pool.store.rpartition("/")[2])
        return open_store(url, pool.fqdn)

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, pool: str, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Ask a pool, by any front end that answers. Raises `Unanswered`, and `RunFailed` with what it said."""
        said = f"no front end of {pool} runs"
        for front_end in self.living(pool):
            try:
                answer = self.http.request(method, front_end.address + path, json=body)
            except httpx.HTTPError as error:
                said = f"{front_end.name}: {str(error) or type(error).__name__}"
                continue
            if answer.is_success:
                return dict(answer.json())
            said = f"{front_end.name}: {answer.status_code} {answer.text[:300]}"
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE:  # It is refused, not only out of order just now.
                raise RunFailed(said)
        raise Unanswered(said)

    def eventually(self, look: Callable[[], Seen | None], what: str, seconds: float = PATIENCE) -> Seen:
        """Wait until something is seen. Raises `RunFailed` with what was waited for."""
        seen = self.watcher.until(look, seconds)
        if seen is None:
            raise RunFailed(f"waited {seconds:.0f} s in vain: {what}")
        return seen

    # ── whole again ─────────────────────────────────────────────────────────────────────────────────────────

    def heal(self) -> None:
        """Let everything run and pass again, whatever was broken."""
        self.proxies.heal()
        if (namespaces := self.lab.servers.namespaces) is not None:
            for pool in self.pools:
                namespaces.join(pool.fqdn)
        if self.surroundings.disk is not None:
            self.surroundings.disk.free()
        self.lab.servers.start_broker()
        self.lab.servers.start_stores()
        names = [one.name for pool in self.pools for one in pool.front_ends]
        for name in names:
            if self.lab.state(name) is ProcessState.PAUSED:
                self.lab.resume(name)
        for name in names:
            if self.surroundings.clocks is not None:
                self.surroundings.clocks.set(name, 0.0)
            if self.lab.state(name) is ProcessState.STOPPED:
                self.lab.start(name, wait=False)
        for pool in self.pools:
            for one in map(direct, pool.front_ends):
                self.eventually(lambda one=one: self.watcher.is_ready(one) or None, f"{one.name} is ready")  # type: ignore[misc]

    def await_quiet(self) -> None:
        """Wait until nothing is left to send either way, and all agree who serves what. Raises `RunFailed`."""
        for home in self._homes():
            self.eventually(lambda home=home: self.serving(home), f"both pools agree who serves {home}")  # type: ignore[misc]
        for pool in self.pools:
            self.eventually(lambda pool=pool: self._is_quiet(pool.fqdn), f"{pool.fqdn} is in FinalState")  # type: ignore[misc]

    def bring_home(self) -> None:
        """Have each home served by the pool of its name again."""
        for home in self._homes():
            own, _ = self.pair_of(home)
            if self.serving(home) != own:
                self.move(home, own)
                self.await_quiet()

    def move(self, home: str, to: str, *, disaster: bool = False) -> str:
        """Have a pool serve a home, and wait until that has ended; return what came of it. Raises `RunFailed`."""
        wait = DISASTER_WAIT if disaster else PLANNED_WAIT
        wish: dict[str, object] = {"Home": home, "DisasterMode": disaster, "WaitTime": wait}
        if disaster:
            plan = self._answer_of(to, "GET", f"/v1/pools/{to}/failover-plans/{home}")
            wish["PlanToken"] = plan["PlanToken"]
        begun = self._answer_of(to, "POST", f"/v1/pools/{to}/failovers", wish)
        path = f"/v1/pools/{to}/failovers/{begun['Failover']}"

        def over() -> dict[str, Any] | None:
            try:
                found = self.ask(to, "GET", path)
            except RunFailed:  # Something is broken at this moment; it goes on by itself.
                return None
            return found if found["Ended"] else None

        done = self.eventually(over, f"the failover of {home} to {to} ends")
        return f"{done['Step']}{': ' + done['Failure'] if done['Failure'] else ''}"

    def _homes(self) -> list[str]:
        """Return all that can be moved: the central management store as well."""
        paired = [str(pool.fqdn) for pool in self.pools if self.lab.deployment.partner_of(pool.fqdn)]
        return [*paired, CMS_HOME]

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _answer_of(self, pool: str, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Ask as an operator does, who tries again for a while where nobody answers. Raises `RunFailed`."""

        def look() -> dict[str, Any] | None:
            try:
                return self.ask(pool, method, path, body)
            except Unanswered:
                return None

        return self.eventually(look, f"{pool} answers", OPERATOR_PATIENCE)

    def _serving_by(self, pool: str, home: str) -> str | None:
        try:
            said = self.ask(pool, "GET", f"/v1/pools/{pool}/homes/{home}/standing")
        except RunFailed:
            return None
        return str(said["ServingPool"]) if said["Settled"] else None

    def _is_quiet(self, pool: str) -> bool | None:
        status = self.watcher.status_of(pool, self.living(pool))
        if status is None:
            return None
        states = {row["ExportStatus"] for row in status["BackupModules"]}
        pending = sum(row["PendingChanges"] for row in status["BackupModules"])
        imports = {row["ImportStatus"] for row in status["BackupModules"]}
        return (states <= {"FinalState", "NotInitialized"} and pending == 0 and imports == {"NormalState"}) or None

    def _configure(self) -> None:
        self.await_quiet()
        master = self.lab.deployment.cms_master
        self.ask(master, "PATCH", "/v1/backup-configuration", {"AckTimeout": self.topology.ack_timeout})
        self.await_quiet()

    def _take_down(self) -> None:
        """End everything at once; nothing of it is wanted any more."""
        if not self.lab.exists:
            return
        if self.lab.deployment_file.exists():
            for pool in self.pools:
                for one in pool.front_ends:
                    self.lab.process(one.name).kill()
        self.lab.down(erase=True)


def direct(front_end: FrontEnd) -> FrontEnd:
    """Return a front end as it is reached past every proxy."""
    return FrontEnd(name=front_end.name, host=front_end.host, port=front_end.port, address=f"http://{front_end.listen}")
