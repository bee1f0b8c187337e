"""Runs the variants of an experiment in turns, each in a new lab."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinpool.http_client import client_of
from twinpool.security.credentials import authorization
from twinpool_services.lab import Display, Lab, Watcher
from twinpool_services.load.driving import Schedule
from twinpool_services.load.experiments.definition import Experiment, Variant
from twinpool_services.load.keeping import keep
from twinpool_services.load.operations import NANO
from twinpool_services.load.running import Order, await_in_step, processes_of, run_load
from twinpool_services.measuring.failing import MeasurementFailed

OUTAGE_AT = 1 / 3  #: of the load, so that what came before and what comes after shows as well
CONFIGURATION = "/v1/backup-configuration"
PATIENCE = 30.0  #: seconds until every front end knows a new configuration

Figures = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one variant came to in all rounds."""

    name: str
    rounds: tuple[Figures, ...]

    @property
    def medians(self) -> Figures:
        """The median of each figure over the rounds in which there was one."""
        return {name: _median([each[name] for each in self.rounds]) for name in self.rounds[0]}


def run_experiment(
    experiment: Experiment, *, rounds: int, directory: Path, tables: str, shown: Display
) -> list[Outcome]:
    """Run everything; the runs are kept in the directory. Raises `MeasurementFailed`, and what a load run raises."""
    found: dict[str, list[Figures]] = {each.name: [] for each in experiment.variant}
    for number in range(1, rounds + 1):
        for variant in experiment.variant:
            shown.say(f"── {variant.name}, round {number} of {rounds}", "bold")
            place = directory / f"{_file_name(variant.name)}-{number}"
            place.mkdir(parents=True)
            found[variant.name].append(_run(experiment, variant, place, tables, shown))
    return [Outcome(name=name, rounds=tuple(each)) for name, each in found.items()]


def figures_of(summary: Mapping[str, Any]) -> Figures:
    """Return what is compared of a run."""
    write, lag = summary["write"] or {}, summary["lag"] or {}
    states = [shares.get("NonSteadyState", 0.0) for shares in summary["states"].values()]
    busy = sum(each["cpu_percent_mean"] for each in summary["front_ends"].values()) / 100 * summary["seconds"]
    return {
        "written/s": summary["achieved_per_s"],
        "failed": summary["failed"] + summary["not_sent"],
        "write p99 ms": write.get("p99_ms"),
        "lag p50 ms": lag.get("p50_ms"),
        "lag p99 ms": lag.get("p99_ms"),
        "lag max s": lag["max_ms"] / 1000 if lag else None,
        "most pending": max(summary["most_pending"].values(), default=None),
        "NonSteady %": 100 * max(states, default=0.0),
        "drain s": summary["drain_s"],
        "CPU ms/change": busy * 1000 / summary["written"] if summary["written"] else None,
    }


def _run(experiment: Experiment, variant: Variant, place: Path, tables: str, shown: Display) -> Figures:
    profile = experiment.load_of(variant)
    with _lab(experiment, variant, shown) as lab:
        _configure(lab, variant)
        await_in_step(lab, shown)
        order = Order(
            profile=profile,
            deployment=lab.deployment,
            through=experiment.through,
            drain=experiment.drain,
            processes=processes_of(lab),
            headers=authorization(lab.deployment, environment={}),
        )
        run = run_load(
            order, shown, meanwhile=_outage(lab, variant.outage, profile.seconds) if variant.outage else None
        )
        if run.stopped:
            raise KeyboardInterrupt
        return figures_of(keep(run, order, variant.name, place, tables))


@contextmanager
def _lab(experiment: Experiment, variant: Variant, shown: Display) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="twinpool-experiment-") as directory:
        Path(directory).chmod(0o755)  # PostgreSQL's own user has to get there.
        lab = Lab(Path(directory) / "lab", shown)
        try:
            lab.up(experiment.plan_of(variant))
            yield lab
        finally:
            lab.down(erase=True)


def _configure(lab: Lab, variant: Variant) -> None:
    """Set the configuration, and wait until every front end knows it. Raises `MeasurementFailed`."""
    if not variant.settings:
        return
    front_ends = [one for pool in lab.deployment.pools for one in pool.front_ends]
    headers = authorization(lab.deployment, environment={})
    with client_of(lab.deployment, timeout=PATIENCE, headers=headers) as client, Watcher(lab.deployment) as watcher:
        wanted = client.patch(front_ends[0].address + CONFIGURATION, json=dict(variant.settings))
        if not wanted.is_success:
            raise MeasurementFailed(f"{variant.name}: {wanted.text}")

        def known() -> bool | None:
            said = [client.get(one.address + CONFIGURATION) for one in front_ends]
            return all(each.is_success and each.json() == wanted.json() for each in said) or None

        if watcher.until(known, PATIENCE) is None:
            raise MeasurementFailed(f"{variant.name}: not every front end knows the configuration")


def _outage(lab: Lab, seconds: float, load: float) -> Callable[[Schedule], None]:
    """Return what takes the broker away for a while under a load that lasts so long."""

    def act(schedule: Schedule) -> None:
        nodes = lab.servers.broker_nodes
        if not nodes or not schedule.wait_until(load * OUTAGE_AT):
            return
        for node in nodes:
            node.stop()
        schedule.wait_until(schedule.elapsed_ns / NANO + seconds)
        for node in nodes:
            node.start()

    return act


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None


def _file_name(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name.lower())


def names_of(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the figures of which some outcome has one."""
    return [name for name in outcomes[0].medians if any(each.medians[name] is not None for each in outcomes)]
