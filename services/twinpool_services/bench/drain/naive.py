"""What a user writes in an afternoon: a message for each change, a commit for each message.

It loses nothing either: each message is persistent and confirmed, on a quorum queue, and acknowledged once committed.
It waits for each of these, one after the other, and so takes long; it drains the beginning of the backlog alone.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

from twinpool_services.bench.child import Child
from twinpool_services.bench.drain.captured import require_equal
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.naive_process import MODULE, delete_queue, fill_log, held, make_table
from twinpool_services.bench.measuring import Reading

MOST = 5_000  #: changes
READY_SECONDS = 60.0
DONE_SECONDS = 1_800.0


class PikaNaive:
    """Drains the first changes of a backlog, one by one."""

    name = "pika-naive"

    def __init__(self, draining: Draining) -> None:
        """Work on the beginning of a backlog."""
        self._draining = draining
        self._backlog = replace(draining.backlog, changes=min(MOST, draining.backlog.changes), transaction_size=1)

    def run(self) -> Reading:
        """Drain it once. Raises `BenchFailed`."""
        servers = self._draining.servers
        urls = [servers.new_store(self._draining.kind) for _ in range(2)]
        try:
            fill_log(urls[0], self._backlog.rows())
            make_table(urls[1])
            reading = self._measure(*urls)
            require_equal(held(urls[1]), self._backlog.result())
        finally:
            for url in urls:
                servers.drop_store(url)
            delete_queue(servers.broker_url)
        return reading

    def _measure(self, source: str, partner: str) -> Reading:
        servers = self._draining.servers
        with ExitStack() as running:
            children = [
                running.enter_context(Child(MODULE, role, servers.directory / f"naive-{role}.log"))
                for role in ("consumer", "publisher")
            ]
            for child, store in zip(children, (partner, source), strict=True):
                child.tell("open", store=store, broker=servers.broker_url, changes=self._backlog.changes)
                child.hear(READY_SECONDS)
            cpu_before = sum(child.cpu_s for child in children)

            def drain() -> None:
                for child in children:
                    child.tell("go")
                for child in children:
                    child.hear(DONE_SECONDS)

            seconds, details = self._draining.timed(drain)
            return Reading(
                changes=self._backlog.changes,
                seconds=seconds,
                cpu_s=sum(child.cpu_s for child in children) - cpu_before,
                peak_rss_mb=max(child.peak_rss_mb for child in children),
                details=details,
            )
