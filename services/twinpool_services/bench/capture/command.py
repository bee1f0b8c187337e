"""`twinpool bench capture`."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from twinpool.errors import InvalidParameter
from twinpool_services.bench.capture.plain import PlainPostgresql, PlainSqlite
from twinpool_services.bench.capture.writers import Capturing, Writers, Written
from twinpool_services.bench.measuring import Rounds, in_turns
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.report import Report
from twinpool_services.bench.servers import BenchServers, bench_servers
from twinpool_services.lab import Display, StoreKind, interruptible, open_display

MOST_WRITERS = 256
USUAL_WRITERS = 8  #: whose ratio the report's own is

EXAMPLES = """\b
Examples:
  twinpool bench capture
  twinpool bench capture --store sqlite --writers 8 --seconds 5 --format json
"""


def capture(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where the pool keeps its store.")] = StoreKind.POSTGRESQL,
    writers: Annotated[str, typer.Option(metavar="N,N...", help="Numbers of concurrent writers.")] = "1,2,4,8,16,32",
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each run writes.")] = 2.0,
    rounds: Annotated[int, typer.Option(min=1, help="How often each takes its turn; medians are shown.")] = 5,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure writes a second with capture beside the same writes without."""
    numbers = _numbers(writers)
    shown = open_display(to_errors=format_ is Format.JSON)
    found: dict[int, tuple[Rounds, Rounds]] = {}
    with interruptible(), bench_servers(shown, postgresql=store is StoreKind.POSTGRESQL) as servers:
        for number in numbers:
            shown.say(f"{number} writers")
            ours, plain = in_turns(_contenders(servers, store, number, timedelta(seconds=seconds)), rounds, shown)
            found[number] = (ours, plain)
        server_versions = servers.versions()
    chosen = USUAL_WRITERS if USUAL_WRITERS in found else numbers[-1]
    ours, plain = found[chosen]
    report = Report(
        bench="capture",
        subject=ours,
        peers=[plain],
        settings={"store": str(store), "writers": chosen, "transaction_size": 1, "seconds_each": seconds},
        figures={"by_writers": [_line(number, *each) for number, each in found.items()]},
        server_versions=server_versions,
    )
    if format_ is Format.JSON:
        sys.stdout.write(json.dumps(report.document(), indent=2) + "\n")
    else:
        _show(str(store), found, shown)


def _numbers(text: str) -> list[int]:
    """Read numbers of writers. Raises `InvalidParameter`."""
    try:
        numbers = sorted({int(each) for each in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or not 1 <= numbers[0] <= numbers[-1] <= MOST_WRITERS:
        raise InvalidParameter(f"--writers takes numbers from 1 to {MOST_WRITERS}, like 1,8,32", field="writers")
    return numbers


def _contenders(servers: BenchServers, kind: StoreKind, writers: int, duration: timedelta) -> list[Writers]:
    def plain() -> Written:
        if kind is StoreKind.POSTGRESQL:
            return PlainPostgresql(servers.new_database())
        return PlainSqlite(Path(servers.new_store(kind).removeprefix("sqlite:///")))

    def ours() -> Written:
        return Capturing(servers.new_store(kind))

    return [
        Writers("twinpool", writers, duration, ours),
        Writers("plain-writes", writers, duration, plain),
    ]


def _line(number: int, ours: Rounds, plain: Rounds) -> dict[str, float]:
    return {
        "writers": number,
        "changes_per_s": round(ours.changes_per_s, 1),
        "plain_per_s": round(plain.changes_per_s, 1),
        "ratio": round(ours.changes_per_s / plain.changes_per_s, 3),
    }


def _show(store: str, found: dict[int, tuple[Rounds, Rounds]], shown: Display) -> None:
    shown.say(f"\ncapture: store {store}, one change a transaction", "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("writers", "with capture/s", "without/s", "twinpool is"):
        table.add_column(column, justify="right", no_wrap=True)
    for number, (ours, plain) in found.items():
        ratio = ours.changes_per_s / plain.changes_per_s
        table.add_row(str(number), f"{ours.changes_per_s:,.0f}", f"{plain.changes_per_s:,.0f}", f"{ratio:.2f} x")
    shown.console.print(table)
