"""`twinpool bench drain`."""

from __future__ import annotations

from typing import Annotated

import typer

from twinpool_services.bench.drain.backlog import Backlog
from twinpool_services.bench.drain.captured import capture
from twinpool_services.bench.drain.contenders import NOTES, PEERS, choose
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.pools import Pools
from twinpool_services.bench.measuring import in_turns
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.report import Report, show
from twinpool_services.bench.servers import BenchServers, bench_servers
from twinpool_services.lab import Display, StoreKind, interruptible, open_display

DEFAULT_CHANGES = {1: 300_000}  #: by transaction size: so many that a drain takes seconds
CHANGES = 500_000  #: for all others

EXAMPLES = """\b
Examples:
  twinpool bench drain
  twinpool bench drain --store sqlite --transaction-size 1
  twinpool bench drain --rounds 1 --peer none --format json
  twinpool bench drain --peer postgresql-logical --peer store-alone
"""

PeerOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help=f"Whom to measure beside; may be repeated: {', '.join(PEERS)}, none."),
]


def drain(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    transaction_size: Annotated[int, typer.Option(min=1, max=5_000, help="Changes in each transaction.")] = 100,
    changes: Annotated[
        int | None, typer.Option(min=1, help="Changes in the backlog; 500,000 by default, 300,000 for size 1.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each takes its turn; medians are shown.")] = 5,
    value_bytes: Annotated[int, typer.Option(min=0, max=100_000, help="Bytes of each value.")] = 96,
    peer: PeerOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Drain a backlog into the partner, until the last acknowledgement.

    The backlog is captured beforehand. Each pool is a process of its own; servers are private ones, erased afterwards.
    """
    shown = open_display(to_errors=format_ is Format.JSON)
    chosen = choose(peer or (), store)
    backlog = Backlog(changes or DEFAULT_CHANGES.get(transaction_size, CHANGES), transaction_size, value_bytes)
    with interruptible(), bench_servers(shown, postgresql=store is StoreKind.POSTGRESQL) as servers:
        draining = prepare(backlog, store, servers, shown)
        ours, *peers = in_turns([Pools(draining), *(PEERS[name](draining) for name in chosen.names)], rounds, shown)
        versions = servers.versions()
    report = Report(
        bench="drain",
        subject=ours,
        peers=peers,
        settings={
            "store": str(store),
            "changes": backlog.changes,
            "transaction_size": transaction_size,
            "value_bytes": value_bytes,
            "distinct_keys": backlog.distinct,
        },
        server_versions=versions,
        skipped=chosen.skipped,
        notes={name: NOTES[name] for name in ("twinpool", *chosen.names) if name in NOTES},
    )
    show(report, shown, as_json=format_ is Format.JSON)


def prepare(backlog: Backlog, kind: StoreKind, servers: BenchServers, shown: Display) -> Draining:
    """Capture a backlog, and say what must come of it."""
    captured = capture(backlog, kind, servers, shown)
    return Draining(servers=servers, kind=kind, backlog=backlog, captured=captured, result=backlog.result())
