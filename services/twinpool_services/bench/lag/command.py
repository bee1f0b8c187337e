"""`twinpool bench lag`."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.table import Table

from twinpool_services.bench.lag.carrying import Lagging
from twinpool_services.bench.lag.load import Load
from twinpool_services.bench.lag.pools import Pools
from twinpool_services.bench.measuring import Rounds, in_turns
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.report import Report
from twinpool_services.bench.servers import bench_servers
from twinpool_services.lab import Display, StoreKind, interruptible, open_display
from twinpool_services.measuring.percentiles import FIGURES

EXAMPLES = """\b
Examples:
  twinpool bench lag --rate 1000
  twinpool bench lag --rate 5000 --seconds 60 --rounds 1
  twinpool bench lag --store sqlite --format json
  twinpool bench lag --rate 500 --freeze 5 --rounds 1
"""


def lag(
    *,
    rate: Annotated[int, typer.Option(min=1, max=100_000, help="Changes a second, each a transaction.")] = 1_000,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each round is measured, after 3 more.")] = 20.0,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    rounds: Annotated[int, typer.Option(min=1, help="How often each takes its turn; medians are shown.")] = 5,
    freeze: Annotated[
        float, typer.Option(min=0.0, max=120.0, help="Halt the partner for so many seconds in the middle.")
    ] = 0.0,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure how long a change takes until the partner has committed it.

    Changes are due at a fixed rate whatever becomes of the ones before (an open loop), and each lag counts from the
    moment at which its change was due, so that a stall shows in all changes that it held up.
    """
    shown = open_display(to_errors=format_ is Format.JSON)
    load = Load(rate=rate, seconds=seconds)
    with interruptible(), bench_servers(shown, postgresql=store is StoreKind.POSTGRESQL) as servers:
        lagging = Lagging(servers=servers, kind=store, load=load, freeze=freeze)
        ours, *peers = in_turns([Pools(lagging)], rounds, shown)
        versions = servers.versions()
    report = Report(
        bench="lag",
        subject=ours,
        peers=peers,
        settings={
            "store": str(store),
            "rate": rate,
            "changes": load.count - load.unmeasured,
            "transaction_size": 1,
            "warm_up_s": load.warm_up,
            "freeze_s": freeze,
            "value_bytes": load.value_bytes,
        },
        figures={"max_ms": largest(ours)},
        server_versions=versions,
    )
    document = report.document()
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _show(report, document, shown)


def largest(rounds: Rounds) -> float:
    """Return the largest lag of all rounds: a median of maxima would hide the worst."""
    return round(max(reading.details["max_ms"] for reading in rounds.readings), 4)


def _show(report: Report, document: dict[str, Any], shown: Display) -> None:
    shown.say("\nlag: " + ", ".join(f"{name} {value}" for name, value in report.settings.items()), "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("ms from when it was due", no_wrap=True)
    for name in FIGURES:
        table.add_column(name.removesuffix("_ms").replace("_", "."), justify="right", no_wrap=True)
    table.add_column("changes/s", justify="right", no_wrap=True)
    rate = f"{document['changes_per_s']:,.0f}"
    table.add_row("durable at the source", *_figures(document, "source_"), rate)
    table.add_row("committed at the partner", *_figures(document), rate)
    for peer in document["peers"]:
        table.add_row(peer["name"], *_figures(peer), f"{peer['changes_per_s']:,.0f}")
    shown.console.print(table)


def _figures(document: dict[str, Any], prefix: str = "") -> list[str]:
    return [f"{document[prefix + name]:,.1f}" for name in FIGURES]
