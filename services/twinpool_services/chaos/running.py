"""Runs scenarios: load, faults and samples at the same time, then everything whole again, then the verdict."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

from twinpool.errors import TwinpoolError
from twinpool_services.chaos.clients import Client, Setting, clock_from_now
from twinpool_services.chaos.history import History, HistoryWriter, read_history
from twinpool_services.chaos.judging import Verdict, figures_of, violations_of
from twinpool_services.chaos.sampling import Sampler, read_final
from twinpool_services.chaos.scenario.model import Scenario
from twinpool_services.chaos.scenario.planning import Plan, plan_of
from twinpool_services.chaos.stage import RunFailed, Stage
from twinpool_services.chaos.surroundings import CannotBeDoneHere
from twinpool_services.chaos.tenures import of_run, read_tenures
from twinpool_services.chaos.timeline import Timeline
from twinpool_services.lab import Display

VERDICT = "verdict.json"
PLAN = "plan.json"
ATTEMPTS = 2  #: to make a lab for a scenario
REPAIRED = 15.0  #: seconds within which both stores are equal once nothing is pending


class Runner:
    """Runs scenarios one behind the other; those of the same topology share a lab."""

    def __init__(self, results: Path, shown: Display, environment: Mapping[str, str] | None = None) -> None:
        """Put what comes of them there; `environment` is what the front ends find in theirs besides."""
        self._results, self._display, self._environment = results, shown, dict(environment or {})
        self._failed_labs = 0  # one behind the other

    def run_all(self, scenarios: Iterable[Scenario], seed: int) -> Iterator[Verdict]:
        """Run scenarios and yield the verdict of each as soon as it is there."""
        ordered = sorted(scenarios, key=lambda scenario: (str(scenario.topology), scenario.name))
        for topology, group in groupby(ordered, key=lambda scenario: scenario.topology):
            waiting = list(group)
            while waiting:
                yield from self._share(Stage(topology, self._display, self._environment), waiting, seed)

    def _share(self, stage: Stage, waiting: list[Scenario], seed: int) -> Iterator[Verdict]:
        """Run scenarios on one lab until they are done, or one leaves it in a state that others cannot use."""
        with ExitStack() as cleanup:
            try:
                cleanup.enter_context(stage)
            except CannotBeDoneHere as error:
                skipped = [Verdict(scenario=one.name, seed=seed, passed=False, skipped=str(error)) for one in waiting]
                waiting.clear()
                yield from skipped
                return
            except TwinpoolError as error:
                self._failed_labs += 1
                if self._failed_labs < ATTEMPTS:  # A busy machine is no reason to give a scenario up.
                    self._display.say(f"no lab could be had, and it is tried again: {error}", "yellow")
                    return
                self._failed_labs = 0
                yield Verdict(scenario=waiting.pop(0).name, seed=seed, passed=False, failures=(str(error),))
                return
            self._failed_labs = 0
            while waiting:
                verdict = self.run(stage, plan_of(waiting.pop(0), seed))
                yield verdict
                if verdict.word != "passed" or not self._is_home(stage):
                    return

    def _is_home(self, stage: Stage) -> bool:
        try:
            stage.bring_home()
        except TwinpoolError as error:
            self._display.say(f"the next scenario gets a new lab: {error}", "yellow")
            return False
        return True

    def run(self, stage: Stage, plan: Plan) -> Verdict:
        """Run one scenario on a lab; what is wrong is in the verdict, and evidence stays beside it."""
        scenario, began = plan.scenario, time.monotonic()
        directory = self._results / f"{scenario.name}-{plan.seed}"
        shutil.rmtree(directory, ignore_errors=True)
        failures: list[str] = []
        with self._display.step(f"{scenario.name} (seed {plan.seed})") as step:
            try:
                failures = _carry_out(stage, plan, directory)
            except TwinpoolError as error:
                failures = [str(error)]
            history = read_history(directory)
            verdict = _judge(history, plan, failures, directory)
            verdict = replace(verdict, seconds=round(time.monotonic() - began, 1))
            step.outcome = f"{verdict.word}, {verdict.figures.answered} writes answered"
        if verdict.word != "passed":
            shutil.copytree(stage.lab.directory / "log", directory / "log", dirs_exist_ok=True)
        write_verdict(directory, verdict, plan)
        return verdict


def write_verdict(directory: Path, verdict: Verdict, plan: Plan) -> None:
    """Write the verdict and the plan beside the history."""
    (directory / VERDICT).write_text(
        json.dumps(asdict(verdict) | {"verdict": verdict.word}, indent=2), encoding="utf-8"
    )
    document = asdict(plan.scenario) | {"seed": plan.seed, "faults": [asdict(fault) for fault in plan.faults]}
    (directory / PLAN).write_text(json.dumps(document, indent=2, default=str), encoding="utf-8")


def _judge(history: History, plan: Plan, failures: list[str], directory: Path) -> Verdict:
    violations = tuple(violations_of(history, plan.scenario)) if history.finals else ()
    return Verdict(
        scenario=plan.scenario.name,
        seed=plan.seed,
        passed=not violations and not failures,
        violations=violations,
        failures=tuple(failures),
        figures=figures_of(history),
        directory=str(directory),
    )


def _carry_out(stage: Stage, plan: Plan, directory: Path) -> list[str]:
    """Run the load and the timeline, then read what is there at the end. Return what could not be done."""
    run, since = f"run{time.time_ns() // 1_000_000:015d}", time.time()
    with HistoryWriter(directory, scenario=plan.scenario.name, seed=plan.seed) as history:
        clock = clock_from_now()
        timeline = Timeline(stage, plan, clock, history.note)
        homes = plan.scenario.load.homes
        sampler = Sampler(stage, run, homes, clock, history.note)
        clients = _clients(stage, plan, run, clock, history)
        try:
            for thread in (*clients, sampler):
                thread.start()
            timeline.run()
            _await_writes(stage, plan, clients, clock())
        finally:
            for client in clients:
                client.finish()
            sampler.finish()
            stage.heal()
            _note_tenures(stage, history, since)
        failed = [repr(client.failure) for client in clients if client.failure is not None]
        for home in homes:
            failed += _settle(stage, home)
            history.note(read_final(stage, home, run))
        return [*timeline.failures, *failed]


def _await_writes(stage: Stage, plan: Plan, clients: list[Client], since: float) -> None:
    """Let the load go on until each home takes writes again, or for as long as it may be out.

    If it does not, the outage is in the history, and the verdict says so.
    """
    waiting = set(plan.scenario.load.homes)

    def look() -> bool | None:
        waiting.difference_update([client.home for client in clients if client.answered_at > since])
        return None if waiting else True

    stage.watcher.until(look, plan.scenario.expect.outage_at_most)


def _clients(stage: Stage, plan: Plan, run: str, clock: Callable[[], float], history: HistoryWriter) -> list[Client]:
    load = plan.scenario.load
    setting = Setting(
        run=run,
        places={home: stage.places(home) for home in load.homes},
        clock=clock,
        note=history.note,
        rate=load.rate,
        keys=load.keys,
        seed=plan.seed,
    )
    return [Client(setting, home, number, stage.http) for home in load.homes for number in range(load.clients)]


def _note_tenures(stage: Stage, history: HistoryWriter, since: float) -> None:
    """Note who was the active one by the logs; processes whose clocks have jumped tell nothing of use."""
    if stage.topology.clocks:
        return
    for pool in stage.pools:
        logs = [(one.name, stage.lab.process(one.name).log_file) for one in pool.front_ends]
        for tenure in of_run([tenure for name, log in logs for tenure in read_tenures(log, name, since)]):
            history.note(tenure)


def _settle(stage: Stage, home: str) -> list[str]:
    """Wait until nothing is left to do; what does not settle is judged as it is. Return what did not."""
    failed = []
    try:
        stage.await_quiet()
    except RunFailed as error:
        failed.append(str(error))
    # A repair comes as an ordinary change, behind everything that was pending.
    stage.watcher.until(lambda: _repaired(stage, home), REPAIRED)
    return failed


def _repaired(stage: Stage, home: str) -> bool | None:
    """See that both stores agree; a repair is written after all that was pending."""
    final = read_final(stage, home, "run")
    first, second = final.records.values()
    return first == second or None


__all__ = ["PLAN", "VERDICT", "RunFailed", "Runner", "write_verdict"]
