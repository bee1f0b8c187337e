"""What the contenders of one bench share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from twinpool_services.bench.drain.backlog import Backlog, Content
from twinpool_services.bench.servers import BenchServers
from twinpool_services.lab import StoreKind


@dataclass(frozen=True, kw_only=True)
class Draining:
    """The servers, and the backlog that is drained."""

    servers: BenchServers
    kind: StoreKind
    backlog: Backlog
    captured: str  #: URL of a source store with the backlog; it is copied, never used
    result: Content  #: what everybody must hold in the end

    def timed(self, work: Callable[[], None]) -> tuple[float, Mapping[str, float]]:
        """Do something; return how many seconds it took, and what that cost the servers."""
        self.servers.rest()
        before, began = self.servers.cpu_seconds(), time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        return seconds, {name: spent - before[name] for name, spent in self.servers.cpu_seconds().items()}
