"""What the contenders of this bench share: how a load is carried, disturbed if so asked, and read."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from twinpool_services.bench.child import Child
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.lag.lags import achieved_seconds, partner_lags, source_lags
from twinpool_services.bench.lag.load import NANO, Load
from twinpool_services.bench.lag.writer_process import MODULE
from twinpool_services.bench.lag.writing import Written
from twinpool_services.bench.measuring import Reading
from twinpool_services.bench.servers import BenchServers
from twinpool_services.lab import StoreKind
from twinpool_services.measuring.observing import Seen
from twinpool_services.measuring.percentiles import distribution

READY_SECONDS = 60.0
STALLED_SECONDS = 60.0  #: without any progress; nothing that works takes so long
LOOK = 0.05  #: seconds between two looks whether something is up


@dataclass(frozen=True, kw_only=True)
class Lagging:
    """The servers, and the load that is carried."""

    servers: BenchServers
    kind: StoreKind
    load: Load
    freeze: float = 0.0  #: seconds for which the partner is halted in the middle

    @property
    def freeze_after(self) -> float:
        """Seconds from the beginning of the load until the partner is halted."""
        return self.load.warm_up + max(0.0, self.load.seconds - self.freeze) / 2

    def writer(self, running: ExitStack, how: str, store: str) -> Child:
        """Start the process that writes the load, ready to begin."""
        child = running.enter_context(Child(MODULE, how, self.servers.directory / "writer.log"))
        child.tell("open", store=store, load=asdict(self.load))
        child.hear(READY_SECONDS)
        return child

    def carry(self, writer: Child, partner: Child | None = None) -> Written:
        """Have the whole load written, and return what became of it at the source; halt the partner if so asked.

        Raises `BenchFailed`.
        """
        writer.tell("go")
        began_ns = writer.hear(READY_SECONDS)["began_ns"]
        if partner is not None and self.freeze:
            _halt(partner, began_ns + round(self.freeze_after * NANO), self.freeze)
        left = began_ns / NANO + self.load.count / self.load.rate - time.monotonic()
        said = dict(writer.hear(max(left, 0.0) + STALLED_SECONDS))
        del said["word"]
        return Written.of_plain(said)

    def reading(self, written: Written, seen: Sequence[Seen], **more: float) -> Reading:
        """Return what was measured; `more` are the fields of a reading that only some have."""
        load = self.load
        at_source = distribution(source_lags(load, written))
        return Reading(
            changes=load.count - load.unmeasured,
            seconds=achieved_seconds(load, written),
            details={
                **distribution(partner_lags(load, written, seen)),
                **{f"source_{name}": value for name, value in at_source.items()},
            },
            **more,
        )


def until(holds: Callable[[], bool], *children: Child) -> None:
    """Wait until something holds. Raises `BenchFailed` if it does not in time, or a process has ended meanwhile."""
    pause, deadline = threading.Event(), time.monotonic() + READY_SECONDS
    while not holds():
        for child in children:
            child.require_alive()
        if time.monotonic() > deadline:
            raise BenchFailed(f"not up within {READY_SECONDS:.0f} s")
        pause.wait(LOOK)


def _halt(partner: Child, at_ns: int, seconds: float) -> None:
    """Halt the partner for so long. It goes on whatever happens to us, unless we are killed ourselves."""
    pause = threading.Event()
    pause.wait(max(0.0, at_ns / NANO - time.monotonic()))
    try:
        partner.send(signal.SIGSTOP)
        pause.wait(seconds)
    finally:
        partner.send(signal.SIGCONT)


__all__ = ["STALLED_SECONDS", "Lagging", "until"]
