"""The demo, step by step."""

from __future__ import annotations

import subprocess
import sysconfig
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinpool.modules.registry import load_modules
from twinpool.vocabulary.deployment import Pool
from twinpool.vocabulary.names import CMS_HOME, Home, PoolFqdn, Stream
from twinpool.vocabulary.states import ExportState
from twinpool_services.lab.demo.answers import Answers
from twinpool_services.lab.demo.comparing import Comparison
from twinpool_services.lab.demo.loading import SteadyLoad, Target, load_files, load_users
from twinpool_services.lab.demo.report import Report, megabytes
from twinpool_services.lab.demo.sample_data import SampleFile, documents, files_of_conferences, real_files
from twinpool_services.lab.demo.takeover import kill_active, pending
from twinpool_services.lab.display import Display, Step
from twinpool_services.lab.lab import Lab
from twinpool_services.lab.note import LabFailed
from twinpool_services.lab.plan import LabPlan
from twinpool_services.lab.watching import Document, Watcher

LOAD_BEFORE = 1.5  #: seconds of load before the kill, and after the take-over
STUCK = 60.0  #: seconds without any progress towards FinalState before we give up
STATUS_SECONDS = 60.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What is asked of the demo."""

    users: int
    content: Path | None
    broker_url: str | None


class Demo:
    """One run of the demo in a lab of its own."""

    def __init__(self, lab: Lab, options: DemoOptions, shown: Display, report: Report) -> None:
        """Prepare; everything that is seen goes into `report`."""
        self._lab, self._options, self._display, self.report = lab, options, shown, report
        self._answers = Answers()

    def run(self) -> None:
        """Do it all. Raises our errors when it cannot come to a verdict."""
        say = self._display.say
        say("1  Two pools with two front ends each, on this machine", "bold")
        self._lab.up(LabPlan(broker_url=self._options.broker_url))
        with Watcher(self._lab.deployment) as watcher:
            say("\n2  Load", "bold")
            self._load()
            self._await_final(watcher)
            for pool in self._pools:
                self._show_status(pool)
            say("\n3  The active front end dies in the middle of a load", "bold")
            self._break(watcher)
            say("\n4  Both ways to the end", "bold")
            self.report.final_after = self._await_final(watcher)
            self.report.statuses = {pool.fqdn: dict(self._status(watcher, pool)) for pool in self._pools}
        self._compare()

    @property
    def _pools(self) -> tuple[Pool, Pool]:
        first, second = self._lab.deployment.pools
        return first, second

    def _target(self, pool: PoolFqdn) -> Target:
        deployment = self._lab.deployment
        return Target(deployment, deployment.pool(pool), self._answers)

    # ── loading ─────────────────────────────────────────────────────────────────────────────────────────────

    def _load(self) -> None:
        users = self._options.users
        first, second = self._pools
        with self._display.step("Users' records", users * 12) as step:
            for pool, numbers in self._users_of.items():
                load_users(self._target(pool), numbers, users, step.advance)
            self.report.changes_at_first = self._answers.writes
            step.outcome = _rate(self.report.changes_at_first, "changes of {users:,} users", step, users=users)
        shares = self._files()
        total = sum(file.size for files in shares.values() for file in files)
        with self._display.step("Conference files, MB", total / MEGABYTE) as step:
            for pool, files in shares.items():
                load_files(self._target(pool), files, _in_megabytes(step))
            self.report.files, self.report.file_bytes = sum(map(len, shares.values())), total
            skipped = f", {self.report.files_skipped} skipped" if self.report.files_skipped else ""
            step.outcome = f"{self.report.files:,} files, {megabytes(total)}{skipped}"
        with (
            self._display.step("Central Management documents") as step,
            self._target(first.fqdn).writer(0) as writer,
        ):
            found = list(documents(users))
            for kind, name, value in found:
                writer.put_document(kind, name, value)
            step.outcome = f"{len(found)} at {first.fqdn}, for {second.fqdn} to receive"

    @property
    def _users_of(self) -> Mapping[PoolFqdn, range]:
        """Whose home is where: every second user's."""
        first, second = self._pools
        return {first.fqdn: range(0, self._options.users, 2), second.fqdn: range(1, self._options.users, 2)}

    def _files(self) -> Mapping[PoolFqdn, list[SampleFile]]:
        """Return the files of each pool: made up, or the folders of the directory that was given in turn."""
        names = [pool.fqdn for pool in self._pools]
        if self._options.content is None:
            return {name: files_of_conferences(name, self._options.users // 2) for name in names}
        real = real_files(self._options.content)
        if not real.files:
            raise LabFailed(f"there is no readable file under {self._options.content}")
        self.report.files_skipped = real.skipped
        conferences = {conference: nth for nth, conference in enumerate(sorted({one.conference for one in real.files}))}
        return {
            name: [file for file in real.files if conferences[file.conference] % len(names) == at]
            for at, name in enumerate(names)
        }

    # ── breaking ────────────────────────────────────────────────────────────────────────────────────────────

    def _break(self, watcher: Watcher) -> None:
        first, second = self._pools
        load = SteadyLoad(self._target(first.fqdn), self._users_of[first.fqdn])
        with self._display.step("Load, kill -9, load") as step, load.running():
            time.sleep(LOAD_BEFORE)  # A span of load, not a wait for anything.
            step.show(0, doing="— waiting for another front end to take over")
            seen = self.report.take_over = kill_active(self._lab, first.fqdn, watcher)
            time.sleep(LOAD_BEFORE)
            step.outcome = f"{load.loaded.changes:,} changes answered"
        self.report.steady = steady = load.loaded
        say = self._display.say
        say(f"  killed     {seen.killed} with SIGKILL, {seen.pending_changes:,} changes not yet acknowledged")
        say(f"  took over  {seen.successor} after {seen.elected_after:.2f} s")
        say(f"             generation {seen.former_generation} → {seen.generation}")
        say(f"  replicates {seen.replicating_after:.2f} s after the kill: {second.fqdn} acknowledges again")
        say(
            f"  clients    {steady.changes:,} changes answered meanwhile; requests sent to another front end: "
            f"{steady.again}; the slowest answer took {steady.longest:.2f} s"
        )

    # ── waiting and showing ─────────────────────────────────────────────────────────────────────────────────

    def _await_final(self, watcher: Watcher) -> float:
        """Wait for FinalState both ways; return how long that took. Raises `LabFailed` if it comes no nearer."""
        with self._display.step("FinalState both ways") as step:
            most, least, moved_at = 0, -1, time.monotonic()
            while True:
                statuses = [self._status(watcher, pool) for pool in self._pools]
                if all(status["OverallExportStatus"] == ExportState.FINAL for status in statuses):
                    step.outcome = "reached"
                    return step.seconds
                left = sum(map(pending, statuses))
                most = max(most, left)
                if left != least:
                    least, moved_at = left, time.monotonic()
                elif time.monotonic() - moved_at > STUCK:
                    raise LabFailed(f"no FinalState: {_states(statuses)}, {left:,} changes pending")
                step.show(most - left, most, f"({left:,} changes pending)")
                watcher.until(lambda: None, 0.2)

    def _status(self, watcher: Watcher, pool: Pool) -> Document:
        living = self._lab.living(pool)
        status = watcher.until(lambda: watcher.status_of(pool.fqdn, living), STATUS_SECONDS)
        if status is None:
            raise LabFailed(f"no front end of {pool.fqdn} tells its status")
        return status

    def _show_status(self, pool: Pool) -> None:
        """Show what an operator would see, by the operator's own command."""
        program = Path(sysconfig.get_path("scripts")) / "twinpool"
        command = ("Get-CsBackupServiceStatus", "-PoolFqdn", pool.fqdn)
        done = subprocess.run(
            [str(program), *command, "--deployment", str(self._lab.deployment_file)],
            capture_output=True,
            text=True,
            timeout=STATUS_SECONDS,
            check=False,
        )
        self._display.say(f"\n$ twinpool Get-CsBackupServiceStatus -PoolFqdn {pool.fqdn}", "dim")
        self._display.say((done.stdout or done.stderr).rstrip())

    # ── judging ─────────────────────────────────────────────────────────────────────────────────────────────

    def _compare(self) -> None:
        first, second = self._pools
        homes = (Home(first.fqdn), Home(second.fqdn))
        modules = load_modules()
        streams = [Stream(home, module.name) for home in homes for module in modules if not module.category.is_cms]
        streams += [Stream(CMS_HOME, module.name) for module in modules if module.category.is_cms]
        with self._display.step("Both stores, record by record and file by file", 1) as step:
            step.show(0, self._answers.records + self.report.files)
            comparison = Comparison(first, second, self._answers, step.advance)
            self.report.found = comparison.run(streams)
            self.report.answered_writes = self._answers.writes
            step.outcome = f"{self.report.found.equal:,} records and {self.report.found.files:,} files are equal"


def _in_megabytes(step: Step) -> Callable[[int], None]:
    return lambda done: step.advance(done / MEGABYTE)


def _states(statuses: list[Document]) -> str:
    return ", ".join(f"{status['PoolFqdn']} {status['OverallExportStatus']}" for status in statuses)


def _rate(count: int, what: str, step: Step, **values: int) -> str:
    per_second = count / max(step.seconds, 0.001)
    return f"{count:,} {what.format(**values)}, {per_second:,.0f} a second"
