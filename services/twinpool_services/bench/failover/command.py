"""`twinpool bench failover`: planned failovers to and fro, and disasters, while clients write at a fixed rate.

Time runs from the request until the pool that took over has answered its first write; at the end every answered write
is looked for in both stores and among the orphans.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from twinpool.http_client import client_of
from twinpool.vocabulary.names import PoolFqdn
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.failover.moving import Moved, Moves
from twinpool_services.bench.failover.roaming import TIMEOUT, RoamingClients
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.servers import BROKER_VARIABLE
from twinpool_services.lab import Display, Lab, LabPlan, StoreKind, Watcher, interruptible, open_display
from twinpool_services.measuring.machine import machine, versions

EXAMPLES = """\b
Examples:
  twinpool bench failover
  twinpool bench failover --store sqlite --rate 200 --rounds 3 --format json
"""


def failover(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    rate: Annotated[float, typer.Option(min=1.0, help="Writes a second, each a transaction of its own.")] = 500.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is done; medians are shown.")] = 5,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure how long clients wait while their pool fails over, planned and after a crash, and what they lose."""
    shown = open_display(to_errors=format_ is Format.JSON)
    lab = Lab(Path(tempfile.mkdtemp(prefix="twinpool-bench-")), shown)
    with interruptible():
        try:
            lab.up(LabPlan(pools=2, front_ends=2, store=store, broker_url=os.environ.get(BROKER_VARIABLE) or None))
            document = _measure(lab, rate, rounds, shown)
        finally:
            if lab.exists:
                lab.down(erase=True)
            shutil.rmtree(lab.directory, ignore_errors=True)
    document = {"bench": "failover", "store": str(store), "rate": rate, "rounds": rounds, **document}
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps({**document, "machine": dict(machine()), "versions": versions()}, indent=2) + "\n")
    else:
        _show(document, shown)


def _measure(lab: Lab, rate: float, rounds: int, shown: Display) -> dict[str, object]:
    addresses = [(pool.fqdn, front_end.address) for pool in lab.deployment.pools for front_end in pool.front_ends]
    http = partial(client_of, lab.deployment, timeout=TIMEOUT)
    clients = RoamingClients(lab.deployment.pools[0].fqdn, addresses, rate, http)
    planned: list[Moved] = []
    disasters: list[Moved] = []
    with shown.step("Measuring", total=2 * rounds) as step, Watcher(lab.deployment) as watcher:
        moves = Moves(lab, watcher, clients)
        with clients.writing():
            for _ in range(rounds):
                planned.append(moves.planned(_other(lab, moves.serving())))
                step.advance()
            for _ in range(rounds):
                source = moves.serving()
                disasters.append(moves.disaster(source, _other(lab, source)))
                moves.bring_back(source)
                step.advance()
            moves.serving()
        if missing := moves.missing():
            raise BenchFailed(f"{missing} of {len(clients.told)} answered writes are in no store")
        step.outcome = f"{rounds} rounds, {len(clients.told):,} writes answered, none missing"
    return {
        "answered": len(clients.told),
        "missing": 0,
        "unknown": clients.unknown,
        "planned": _document(planned),
        "disaster": _document(disasters),
    }


def _other(lab: Lab, pool: PoolFqdn) -> PoolFqdn:
    return next(each.fqdn for each in lab.deployment.pools if each.fqdn != pool)


def _document(moves: Sequence[Moved]) -> dict[str, object]:
    steps = {name: [move.steps[name] for move in moves if name in move.steps] for name in moves[0].steps}
    return {
        "first_write_s": round(statistics.median(move.first_write for move in moves), 3),
        "longest_gap_s": round(statistics.median(move.longest_gap for move in moves), 3),
        "steps_s": {name: round(statistics.median(each), 3) for name, each in steps.items()},
        "runs": {"first_write_s": [round(move.first_write, 3) for move in moves]},
    }


def _show(document: dict[str, object], shown: Display) -> None:
    shown.say(f"\nfailover: {document['rate']:g} writes/s, {document['store']}", "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("", "first write, s", "longest gap, s", "each, s"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for name in ("planned", "disaster"):
        row = document[name]
        assert isinstance(row, dict)  # noqa: S101 - made above
        each = " ".join(f"{seconds:.2f}" for seconds in row["runs"]["first_write_s"])
        table.add_row(name, f"{row['first_write_s']:.2f}", f"{row['longest_gap_s']:.2f}", each)
    shown.console.print(table)
    shown.say(f"{document['answered']:,} writes were answered; none of them is missing")
