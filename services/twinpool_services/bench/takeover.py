"""`twinpool bench takeover`: how long a pool is without an active front end when it is killed, or stopped in order.

Real front ends run in a lab. Time runs from the signal until another front end of the pool says that it is the active
one; who was ended is started again, so that each round begins with two.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from twinpool.vocabulary.timespan import parse_timespan
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.servers import BROKER_VARIABLE
from twinpool_services.lab import Display, Lab, LabPlan, StoreKind, Watcher, interruptible, open_display
from twinpool_services.measuring.machine import machine, versions

PATIENCE = 60.0

EXAMPLES = """\b
Examples:
  twinpool bench takeover
  twinpool bench takeover --store sqlite --lease 00:00:02 --rounds 3 --format json
"""


def takeover(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    lease: Annotated[str, typer.Option(metavar="[D.]HH:MM:SS", help="How long a lease is good for.")] = "00:00:02",
    rounds: Annotated[int, typer.Option(min=1, help="How often each is done; medians are shown.")] = 5,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure how long it takes until another front end works when the active one is killed, or stopped in order."""
    lease_seconds = parse_timespan(lease).total_seconds()
    shown = open_display(to_errors=format_ is Format.JSON)
    lab = Lab(Path(tempfile.mkdtemp(prefix="twinpool-bench-")), shown)
    broker = os.environ.get(BROKER_VARIABLE) or None
    with interruptible():
        try:
            lab.up(LabPlan(pools=2, front_ends=2, store=store, broker_url=broker, lease_duration=lease))
            killed, stopped = _measure(lab, rounds, shown)
        finally:
            if lab.exists:
                lab.down(erase=True)
            shutil.rmtree(lab.directory, ignore_errors=True)
    document = {
        "bench": "takeover",
        "store": str(store),
        "rounds": rounds,
        "lease_s": lease_seconds,
        "kill_s": round(statistics.median(killed), 3),
        "kill_beyond_lease_s": round(statistics.median(killed) - lease_seconds, 3),
        "stop_s": round(statistics.median(stopped), 3),
        "runs": {"kill_s": [round(one, 3) for one in killed], "stop_s": [round(one, 3) for one in stopped]},
        "machine": dict(machine()),
        "versions": versions(),
    }
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _show({"killed (SIGKILL)": killed, "stopped (SIGTERM)": stopped}, lease_seconds, shown)


def _measure(lab: Lab, rounds: int, shown: Display) -> tuple[list[float], list[float]]:
    """Return the seconds of each take-over after a kill, and of each after an orderly stop."""
    killed: list[float] = []
    stopped: list[float] = []
    with shown.step("Measuring", total=2 * rounds) as step, Watcher(lab.deployment) as watcher:
        for _ in range(rounds):
            for seconds, end in ((killed, lab.kill), (stopped, lab.ask_to_stop)):
                seconds.append(_once(lab, watcher, end))
                step.advance()
        step.outcome = f"{rounds} rounds"
    return killed, stopped


def _once(lab: Lab, watcher: Watcher, end: Callable[[str], None]) -> float:
    """End the active front end and return how long it takes until another is the active one."""
    front_ends = lab.deployment.pools[0].front_ends
    active = watcher.until(lambda: watcher.active_of(front_ends), PATIENCE)
    if active is None:
        raise BenchFailed("no front end has become the active one")
    name = str(active["FrontEnd"])
    others = [one for one in front_ends if one.name != name]
    began = time.monotonic()
    end(name)
    if watcher.until(lambda: watcher.active_of(others), PATIENCE) is None:
        raise BenchFailed(f"nobody took over from {name} within {PATIENCE:.0f} s")
    seconds = time.monotonic() - began
    lab.stop(name)  # It may still be tidying up.
    lab.start(name)
    return seconds


def _show(seconds: dict[str, list[float]], lease: float, shown: Display) -> None:
    shown.say(f"\ntakeover: lease {lease:g} s", "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("the active front end is", "median s", "fastest to slowest"):
        table.add_column(column, justify="left" if column.startswith("the") else "right", no_wrap=True)
    for what, each in seconds.items():
        table.add_row(what, f"{statistics.median(each):.2f}", f"{min(each):.2f} to {max(each):.2f}")
    shown.console.print(table)
