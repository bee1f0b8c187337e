"""`twinpool bench grow`: whether a change takes longer the more of them wait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from twinpool.errors import InvalidParameter
from twinpool_services.bench.drain.backlog import Backlog
from twinpool_services.bench.drain.command import prepare
from twinpool_services.bench.drain.pools import Pools
from twinpool_services.bench.measuring import Rounds, in_turns
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.report import Report, show
from twinpool_services.bench.servers import bench_servers
from twinpool_services.lab import StoreKind, interruptible, open_display

DEFAULT_SIZES = "100000,500000,2000000"

EXAMPLES = """\b
Examples:
  twinpool bench grow
  twinpool bench grow --store sqlite --sizes 100000,1000000 --rounds 5
"""


def grow(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    transaction_size: Annotated[int, typer.Option(min=1, max=5_000, help="Changes in each transaction.")] = 100,
    sizes: Annotated[str, typer.Option(metavar="N,N,...", help="Changes in each backlog.")] = DEFAULT_SIZES,
    rounds: Annotated[int, typer.Option(min=1, help="How often each size takes its turn; medians are shown.")] = 3,
    value_bytes: Annotated[int, typer.Option(min=0, max=100_000, help="Bytes of each value.")] = 96,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Drain backlogs of several sizes, and compare the time that one change takes."""
    shown = open_display(to_errors=format_ is Format.JSON)
    backlogs = [Backlog(size, transaction_size, value_bytes) for size in parse_sizes(sizes)]
    with interruptible(), bench_servers(shown, postgresql=store is StoreKind.POSTGRESQL) as servers:
        pools = [
            Pools(prepare(backlog, store, servers, shown), name=f"{backlog.changes:,} changes") for backlog in backlogs
        ]
        *smaller, largest = in_turns(pools, rounds, shown)
        versions = servers.versions()
    report = Report(
        bench="grow",
        subject=largest,
        peers=smaller,
        settings={
            "store": str(store),
            "changes": backlogs[-1].changes,
            "transaction_size": transaction_size,
            "value_bytes": value_bytes,
        },
        server_versions=versions,
        figures=growth([*smaller, largest]),
    )
    show(report, shown, as_json=format_ is Format.JSON)


def parse_sizes(text: str) -> list[int]:
    """Read sizes, smallest first. Raises `InvalidParameter` unless there are two or more, all above zero."""
    try:
        found = sorted({int(each.replace("_", "")) for each in text.split(",")})
    except ValueError as error:
        raise InvalidParameter(f"{text!r:.60} is not a list of numbers like {DEFAULT_SIZES}", field="sizes") from error
    if len(found) < 2 or found[0] < 1:
        raise InvalidParameter("growth takes two sizes at least, all above zero", field="sizes")
    return found


def growth(by_size: Sequence[Rounds]) -> dict[str, object]:
    """Conclude what a change takes at each size, in microseconds, and the largest against the smallest."""
    times = {each.name: 1e6 / each.changes_per_s for each in by_size}
    first, *_, last = times.values()
    return {
        "us_per_change": {name: round(time, 2) for name, time in times.items()},
        "time_per_change_ratio": round(last / first, 3),
    }
