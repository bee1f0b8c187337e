"""A lab: pools on this machine, each front end a process of its own, over real servers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from twinpool.errors import InvalidParameter, NotFound, TwinpoolError
from twinpool.options import load_deployment
from twinpool.vocabulary.deployment import Deployment, FrontEnd, Pool
from twinpool.vocabulary.names import FrontEndName
from twinpool_services.lab.certificates import erase_certificates, make_certificates
from twinpool_services.lab.display import Display, display
from twinpool_services.lab.front_end_process import FrontEndProcess, ProcessState
from twinpool_services.lab.keys import erase_keys, make_keys
from twinpool_services.lab.note import LOCK, NOTE, LabFailed, LabNote, locked, read_note, write_note, write_privately
from twinpool_services.lab.plan import LabPlan, StoreKind, deployment_text
from twinpool_services.lab.servers import LabServers
from twinpool_services.lab.spawning import Spawn, spawn
from twinpool_services.lab.surroundings import UNDISTURBED, Surroundings
from twinpool_services.lab.tokens import erase_tokens, make_tokens
from twinpool_services.lab.undisturbed import undisturbed
from twinpool_services.lab.watching import Watcher

DEPLOYMENT = "twinpool.toml"
DRAFT = "twinpool.draft"  #: the same, until everything that it names has been made
READY_SECONDS = 90.0


class Lab:
    """The lab of a directory. Everything is found again from there, by any process."""

    def __init__(
        self,
        directory: Path,
        shown: Display | None = None,
        surroundings: Surroundings = UNDISTURBED,
        spawn: Spawn = spawn,
    ) -> None:
        """Know the lab of a directory, whether there is one yet or not. Raises `LabFailed` if its note is damaged."""
        self.directory = directory.absolute()
        self._surroundings, self._spawn = surroundings, spawn
        self._display = shown or display(quiet=True)
        self._note = read_note(self.directory)
        self._deployment: Deployment | None = None
        self._processes: dict[FrontEndName, FrontEndProcess] = {}
        self._servers: LabServers | None = None
        if self._note is not None:
            self._know(self._note)

    # ── what it is ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def exists(self) -> bool:
        """Whether a lab was made here."""
        return self._note is not None

    @property
    def deployment_file(self) -> Path:
        """The deployment file, for every command that takes `--deployment`."""
        return self.directory / DEPLOYMENT

    @property
    def deployment(self) -> Deployment:
        """What the deployment file says."""
        if self._deployment is None:  # The environment's overrides are meant for other deployments.
            self._deployment = load_deployment(self.deployment_file, environment={})
        return self._deployment

    @property
    def plan(self) -> LabPlan:
        """What it was made of. Raises `NotFound` if there is no lab."""
        return self._require_note().plan

    @property
    def servers(self) -> LabServers:
        """Its broker and the stores' server. Raises `NotFound` if there is no lab."""
        if self._servers is None:
            raise NotFound(f"there is no lab in {self.directory}; make one with: twinpool lab up")
        return self._servers

    def front_ends(self, pool: str) -> tuple[FrontEnd, ...]:
        """Return the front ends of a pool. Raises `NotFound`."""
        return self.deployment.pool(pool).front_ends

    def process(self, name: str) -> FrontEndProcess:
        """Return the process of a front end. Raises `NotFound`."""
        self._require_note()
        known = self._processes.get(FrontEndName(name.lower()))
        if known is None:
            raise NotFound(f"there is no front end {name!r:.80}; there are {', '.join(self._processes)}")
        return known

    def state(self, name: str) -> ProcessState:
        """Return what the process of a front end does. Raises `NotFound`."""
        return self.process(name).state

    def living(self, pool: Pool) -> list[FrontEnd]:
        """Return the front ends of a pool whose processes run and are not halted."""
        return [one for one in pool.front_ends if self.state(one.name) is ProcessState.RUNNING]

    # ── up and down ─────────────────────────────────────────────────────────────────────────────────────────

    def up(self, plan: LabPlan | None = None) -> None:
        """Make the lab if there is none, start what does not run, and wait until every front end is ready.

        If that fails or is interrupted, what was started by this call is stopped again. Raises `LabFailed`, and what
        the servers raise.
        """
        with locked(self.directory), ExitStack() as undoing:
            self._know(self._require_same_plan(plan))
            if not (self.deployment_file.exists() and self.servers.are_running()):
                undoing.callback(self._undo_servers)
            self._start_servers()
            self._make_tokens()
            started = [one for one in self._processes.values() if one.state is ProcessState.STOPPED]
            undoing.callback(self._stop_processes, started)
            undisturbed(lambda: self._start_processes(started))
            self._await_ready()
            undoing.pop_all()

    def down(self, *, erase: bool = False) -> None:
        """Stop everything that `up` started; what was written stays, unless it is to be erased."""
        with locked(self.directory):
            if self._note is None:
                return
            self._stop_processes(self._processes.values())
            self._remember()
            with self._display.step("Stopping the servers"):
                self.servers.stop(at_once=erase)
            if erase:
                self._erase()

    # ── single front ends ───────────────────────────────────────────────────────────────────────────────────

    def kill(self, name: str) -> None:
        """End a front end as a crash would, with SIGKILL. Raises `NotFound`, `LabFailed` if it does not run."""
        process = self.process(name)
        if process.state is ProcessState.STOPPED:
            raise LabFailed(f"{process.name} does not run")
        process.kill()

    def ask_to_stop(self, name: str) -> None:
        """Ask a front end to stop in order, and do not wait for it."""
        self.process(name).ask_to_stop()

    def stop(self, name: str) -> None:
        """Stop a front end in order."""
        process = self.process(name)
        process.ask_to_stop()
        process.wait_until_stopped()

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start a front end that does not run, and wait until it is ready, unless told not to. Raises `LabFailed`."""
        self._start_processes([self.process(name)])
        if wait:
            self._await_ready([FrontEndName(name.lower())])

    def pause(self, name: str) -> None:
        """Halt a front end with SIGSTOP: to the others it is silent, and to itself no time passes."""
        self.process(name).pause()

    def resume(self, name: str) -> None:
        """Let a halted front end go on."""
        self.process(name).resume()

    # ── how ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _require_note(self) -> LabNote:
        if self._note is None:
            raise NotFound(f"there is no lab in {self.directory}; make one with: twinpool lab up")
        return self._note

    def _require_same_plan(self, plan: LabPlan | None) -> LabNote:
        if self._note is None:
            return LabNote(plan=plan or LabPlan())
        if plan is not None and plan != self._note.plan:
            raise InvalidParameter(
                f"{self.directory} holds a lab of another plan; end that with: twinpool lab down --erase", field="plan"
            )
        return self._note

    def _know(self, note: LabNote) -> None:
        self._note = note
        self._servers = LabServers(self.directory, note.plan)
        namespaces = self._servers.namespaces
        for pool in note.plan.pool_names:
            entering = namespaces.command(pool) if namespaces else ()
            for name in note.plan.front_end_names(pool):
                if name not in self._processes:
                    mark = note.processes.get(name)
                    self._processes[name] = FrontEndProcess(name, self.directory, mark, entering, self._spawn)

    def _remember(self) -> None:
        marks = {str(name): process.mark for name, process in self._processes.items() if process.mark is not None}
        self._note = LabNote(plan=self.plan, processes=marks)
        write_note(self.directory, self._note)

    def _start_servers(self) -> None:
        with self._display.step("RabbitMQ") as step:
            step.outcome = undisturbed(self.servers.start_broker)
        make_keys(self.directory, self.plan.pool_names)  # also where the deployment file was written by somebody else
        if self.deployment_file.exists():
            undisturbed(self.servers.start_stores)
            return
        self.servers.clear_given_broker()
        with self._display.step("Stores") as step:
            stores = undisturbed(self.servers.create_stores)
            step.outcome = "PostgreSQL" if self.plan.store is StoreKind.POSTGRESQL else "SQLite"
        self._remember()  # Before the deployment file, which says that everything has been made.
        namespaces = self.servers.namespaces
        hosts = {pool: namespaces.address(pool) for pool in self.plan.pool_names} if namespaces else None
        self._write_deployment(deployment_text(self.plan, self.servers.pools_url, stores, self._surroundings, hosts))

    def _write_deployment(self, text: str) -> None:
        """Write the deployment file once all that it names has been made: the pools' users of the broker, too."""
        draft = self.directory / DRAFT
        write_privately(draft, text)
        if self.plan.tls:
            make_certificates(self.directory, load_deployment(draft, environment={}))
        undisturbed(lambda: self.servers.create_broker_users(load_deployment(draft, environment={}), self.directory))
        draft.replace(self.deployment_file)

    def _make_tokens(self) -> None:
        """Let the commands on this machine in, and a client of the users' data; what is there stays as it is."""
        security = self.deployment.security
        if not security.principals.exists():
            make_tokens(self.directory, security, self.plan.pool_names)

    def _start_processes(self, processes: Iterable[FrontEndProcess]) -> None:
        for process in processes:
            process.environment = self._surroundings.environment(process.name)
            process.start()
        self._remember()

    def _undo_servers(self) -> None:
        """Stop the servers; of a lab whose making was cut short nothing stays, so that it can be made again."""
        half_made = not self.deployment_file.exists()
        self.servers.stop(at_once=half_made)
        if half_made:
            self._erase()

    def _await_ready(self, only: Iterable[FrontEndName] | None = None) -> None:
        waiting = {name: self.deployment.front_end(name)[1] for name in (only or self._processes)}
        total = len(waiting)
        with self._display.step("Front ends", total) as step, Watcher(self.deployment) as watcher:

            def look() -> bool | None:
                for name, front_end in list(waiting.items()):
                    self._require_alive(name)
                    if watcher.is_ready(front_end):
                        del waiting[name]
                step.show(total - len(waiting))
                return None if waiting else True

            if watcher.until(look, READY_SECONDS) is None:
                raise LabFailed(f"not ready within {READY_SECONDS:.0f} s: {', '.join(waiting)}")
            step.outcome = f"{total} ready"

    def _require_alive(self, name: FrontEndName) -> None:
        process = self._processes[name]
        if process.state is ProcessState.STOPPED:
            raise LabFailed(f"{name} has ended; its log says:\n{process.last_words()}")

    def _stop_processes(self, processes: Iterable[FrontEndProcess]) -> None:
        living = [process for process in processes if process.state is not ProcessState.STOPPED]
        if not living:
            return
        with self._display.step("Stopping the front ends", len(living)) as step:
            for process in living:
                process.ask_to_stop()
            ended_hard = []
            for process in living:
                if not process.wait_until_stopped():
                    ended_hard.append(process.name)
                step.advance()
            step.outcome = f"{', '.join(ended_hard)} had to be killed" if ended_hard else f"{len(living)} stopped"

    def _erase(self) -> None:
        """Delete what a lab keeps in its directory, and nothing else that may lie there."""
        pools = self.deployment.pools if self.deployment_file.exists() else ()
        if pools:  # Only of a lab that was made whole; what else is there belongs to another.
            self._attempt(self.servers.clear_given_broker)
        self.servers.erase()
        for pool in pools:
            shutil.rmtree(pool.content, ignore_errors=True)
            for path in self.directory.glob(f"{pool.fqdn}.db*"):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        shutil.rmtree(self.directory / "log", ignore_errors=True)
        erase_tokens(self.directory)
        erase_keys(self.directory)
        erase_certificates(self.directory)
        for name in (DEPLOYMENT, DRAFT, NOTE, LOCK):
            (self.directory / name).unlink(missing_ok=True)
        if not any(self.directory.iterdir()):
            self.directory.rmdir()
        self._note = self._deployment = self._servers = None
        self._processes.clear()

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do what is good to do but must not keep the rest from being done; say why if it cannot be."""
        try:
            action()
        except TwinpoolError as error:
            self._display.say(f"not done: {error}", "yellow")
