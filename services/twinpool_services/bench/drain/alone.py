"""The limit: the partner's store applying the same batches, with neither broker nor source beside it."""

from __future__ import annotations

from contextlib import closing

from twinpool.stores.opening import open_store
from twinpool_services.bench.bench_pools import PARTNER
from twinpool_services.bench.child import Child
from twinpool_services.bench.drain.alone_process import MODULE
from twinpool_services.bench.drain.captured import require_content
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.measuring import Reading

READY_SECONDS = 120.0
DONE_SECONDS = 3_600.0


class StoreAlone:
    """Decodes and applies batches that were read beforehand."""

    name = "store-alone"

    def __init__(self, draining: Draining) -> None:
        """Work on a backlog."""
        self._draining = draining

    def run(self) -> Reading:
        """Apply it once. Raises `BenchFailed`."""
        servers, url = self._draining.servers, self._draining.servers.new_store(self._draining.kind)
        try:
            with Child(MODULE, self.name, servers.directory / f"{self.name}.log") as child:
                child.tell("open", captured=self._draining.captured, store=url)
                child.hear(READY_SECONDS)
                reading = self._measure(child)
            with closing(open_store(url, PARTNER)) as store:
                require_content(store, self._draining.result)
        finally:
            servers.drop_store(url)
        return reading

    def _measure(self, child: Child) -> Reading:
        cpu_before = child.cpu_s

        def apply() -> None:
            child.tell("go")
            child.hear(DONE_SECONDS)

        seconds, details = self._draining.timed(apply)
        return Reading(
            changes=self._draining.backlog.changes,
            seconds=seconds,
            cpu_s=child.cpu_s - cpu_before,
            peak_rss_mb=child.peak_rss_mb,
            details=details,
        )
