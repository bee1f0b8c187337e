"""`twinpool bench memory`: how much memory a pool process takes while a large backlog is drained.

Real front ends, with HTTP and everything, run in a lab. The partner's is stopped, the backlog is written, and the
partner's is started again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from twinpool.modules.presence_focus import PresenceFocus
from twinpool.ports.store import Store
from twinpool.stores.opening import open_store
from twinpool.vocabulary.names import Home, Route, Stream
from twinpool_services.bench.drain.backlog import Backlog
from twinpool_services.bench.drain.captured import require_content, write_to
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.measuring import Reading, Rounds
from twinpool_services.bench.options import Format, FormatOption
from twinpool_services.bench.report import Report, show
from twinpool_services.bench.servers import BROKER_VARIABLE
from twinpool_services.lab import Display, Lab, LabPlan, StoreKind, interruptible, open_display
from twinpool_services.measuring.process_cost import cpu_seconds, peak_rss_mb

LOOK = 0.1
STALLED_SECONDS = 90.0

EXAMPLES = """\b
Examples:
  twinpool bench memory
  twinpool bench memory --store sqlite --backlog 500000 --format json
"""


def memory(
    *,
    store: Annotated[StoreKind, typer.Option(help="Where both pools keep their stores.")] = StoreKind.POSTGRESQL,
    backlog: Annotated[int, typer.Option(min=1, metavar="N", help="Changes in the backlog.")] = 2_000_000,
    transaction_size: Annotated[int, typer.Option(min=1, max=5_000, help="Changes in each transaction.")] = 100,
    value_bytes: Annotated[int, typer.Option(min=0, max=100_000, help="Bytes of each value.")] = 96,
    rounds: Annotated[int, typer.Option(min=1, help="How often it is done, each in a new lab.")] = 1,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Drain a large backlog between real front ends, and tell their peak memory."""
    shown = open_display(to_errors=format_ is Format.JSON)
    rows = Backlog(backlog, transaction_size, value_bytes)
    readings: list[Reading] = []
    with interruptible():
        for _ in range(rounds):
            with _lab(store, shown) as lab:
                readings.append(Drained(lab, shown).measure(rows))
    report = Report(
        bench="memory",
        subject=Rounds(name="twinpool", readings=tuple(readings)),
        settings={
            "store": str(store),
            "changes": backlog,
            "transaction_size": transaction_size,
            "value_bytes": value_bytes,
        },
        notes={"twinpool": "time includes the start of the partner's front end"},
    )
    show(report, shown, as_json=format_ is Format.JSON)


class Drained:
    """A lab of two pools, one front end each, in which a backlog is drained."""

    def __init__(self, lab: Lab, shown: Display) -> None:
        """Work in a lab that is up."""
        self._lab, self._shown = lab, shown
        self._source, self._partner = lab.deployment.pools
        self._stream = Stream(Home(self._source.fqdn), PresenceFocus.name)

    def measure(self, backlog: Backlog) -> Reading:
        """Write the backlog while the partner is away, let it come back, and wait for the last acknowledgement."""
        source, partner = self._source.front_ends[0].name, self._partner.front_ends[0].name
        with ExitStack() as opened:
            store = opened.enter_context(closing(open_store(self._source.store, self._source.fqdn)))
            self._lab.stop(partner)
            write_to(store, self._stream, backlog, self._shown)
            cpu_before, began = cpu_seconds([self._pid(source)]), time.perf_counter()
            self._lab.start(partner)
            self._await_acknowledged(store, backlog)
            seconds = time.perf_counter() - began
            pids = [self._pid(source), self._pid(partner)]
            reading = Reading(
                changes=backlog.changes,
                seconds=seconds,
                cpu_s=cpu_seconds(pids) - cpu_before,
                peak_rss_mb=max(map(peak_rss_mb, pids)),
                details={"source_peak_rss_mb": peak_rss_mb(pids[0]), "partner_peak_rss_mb": peak_rss_mb(pids[1])},
            )
            target = opened.enter_context(closing(open_store(self._partner.store, self._partner.fqdn)))
            require_content(target, backlog.result(), self._stream)
        return reading

    def _pid(self, front_end: str) -> int:
        mark = self._lab.process(front_end).mark
        if mark is None or not mark.is_alive():
            raise BenchFailed(f"{front_end} does not run; its log says: {self._lab.process(front_end).last_words()}")
        return mark.pid

    def _await_acknowledged(self, store: Store, backlog: Backlog) -> None:
        head, route = store.head(self._stream), Route(self._stream, self._partner.fqdn)
        pause, seen, moved_at = threading.Event(), -1, time.monotonic()
        with self._shown.step("Draining", backlog.changes) as step:
            while (acknowledged := store.export_ledger(route).acknowledged) < head:
                step.show(acknowledged / head * backlog.changes, backlog.changes)
                if acknowledged > seen:
                    seen, moved_at = acknowledged, time.monotonic()
                elif time.monotonic() > moved_at + STALLED_SECONDS:
                    raise BenchFailed(f"stalled at {acknowledged} of {head}: {store.export_ledger(route).failure}")
                pause.wait(LOOK)


@contextmanager
def _lab(kind: StoreKind, shown: Display) -> Iterator[Lab]:
    """Have a lab while the block runs, and nothing of it afterwards."""
    lab = Lab(Path(tempfile.mkdtemp(prefix="twinpool-bench-")), shown)
    try:
        lab.up(LabPlan(pools=2, front_ends=1, store=kind, broker_url=os.environ.get(BROKER_VARIABLE) or None))
        yield lab
    finally:
        if lab.exists:
            lab.down(erase=True)
        shutil.rmtree(lab.directory, ignore_errors=True)
