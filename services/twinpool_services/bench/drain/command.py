"""`twinpool bench drain`."""

from __future__ import annotations

from typing import Annotated

import typer

from twinpool_services.bench.drain.backlog import Backlog
from twinpool_services.bench.drain.captured import capture
from twinpool_services.bench.drain.contenders import PEERS, choose
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.pools import Pools
from twinpool_services.bench.measuring import in_turns
from twinpool_services.bench.options import Format
from twinpool_services.bench.report import Report, show
from twinpool_services.bench.servers import bench_servers
from twinpool_services.lab import StoreKind, interruptible, open_display


def drain(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    transaction_size: Annotated[int, typer.Option(min=1, max=5_000, help="Changes in each transaction.")] = 100,
    changes: Annotated[int, typer.Option(min=1, help="Changes in the backlog.")] = 500_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each contender runs; medians are shown.")] = 5,
    value_bytes: Annotated[int, typer.Option(min=0, max=100_000, help="Bytes of each value.")] = 96,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"A peer to measure beside, and more of them: {', '.join(PEERS)}, or none. All by default.",
        ),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", case_sensitive=False)] = Format.TABLE,
) -> None:
    """Drain a backlog into the partner."""
    shown = open_display(to_errors=format_ is Format.JSON)
    chosen = choose(peer or (), store)
    backlog = Backlog(changes, transaction_size, value_bytes)
    with interruptible(), bench_servers(shown, postgresql=store is StoreKind.POSTGRESQL) as servers:
        captured = capture(backlog, store, servers, shown)
        draining = Draining(servers=servers, kind=store, backlog=backlog, captured=captured, result=backlog.result())
        ours, *peers = in_turns([Pools(draining), *(PEERS[name](draining) for name in chosen.names)], rounds, shown)
        versions = servers.versions()
    settings = {
        "store": str(store),
        "changes": changes,
        "transaction_size": transaction_size,
        "value_bytes": value_bytes,
    }
    report = Report(
        bench="drain",
        subject=ours,
        peers=peers,
        settings=settings,
        server_versions=versions,
        skipped=chosen.skipped,
    )
    show(report, shown, as_json=format_ is Format.JSON)
