"""PostgreSQL's own logical replication: what a user would take instead.

The same transactions are committed while the subscription is disabled; it is enabled, and time runs until the last of
them can be seen at the subscriber. Nothing that it does by itself is changed: no binary format, no streaming.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from twinpool_services.bench.drain.captured import require_equal
from twinpool_services.bench.drain.draining import Draining
from twinpool_services.bench.drain.published import (
    SLOT,
    Connection,
    connected,
    databases,
    held,
    make_tables,
    published,
    script,
)
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.measuring import Reading

LONGEST = 1_800.0  #: seconds until a drain counts as stuck
LOOK = 0.005

SUBSCRIPTION = """
CREATE SUBSCRIPTION bench CONNECTION '{source}' PUBLICATION bench
WITH (create_slot = false, slot_name = '{slot}', enabled = false, copy_data = false, synchronous_commit = '{mode}')
"""


class LogicalReplication:
    """Drains a backlog by a publication and a subscription of one server."""

    def __init__(self, draining: Draining, *, durable: bool) -> None:
        """Work on a backlog. If `durable`, each commit of the subscriber is, as ours are; else as PostgreSQL does."""
        self._draining, self._durable = draining, durable
        self.name = "postgresql-logical" if durable else "postgresql-logical-async"

    def run(self) -> Reading:
        """Drain it once. Raises `BenchFailed`."""
        backlog = self._draining.backlog
        with databases(self._draining.servers) as (source_url, target_url):
            with published(source_url, backlog) as publish, connected(target_url) as target:
                make_tables(target)
                with self._subscribed(target, source_url):
                    publish()
                    seconds, details = self._draining.timed(lambda: _drain(target))
            require_equal(held(target_url), self._draining.result)
        return Reading(changes=backlog.changes, seconds=seconds, details=details)

    @contextmanager
    def _subscribed(self, target: Connection, source_url: str) -> Iterator[None]:
        """Have a subscription, which waits disabled."""
        mode = "on" if self._durable else "off"
        script(target, SUBSCRIPTION.format(source=source_url, slot=SLOT, mode=mode))
        try:
            yield
        finally:
            script(target, "ALTER SUBSCRIPTION bench DISABLE")
            script(target, "ALTER SUBSCRIPTION bench SET (slot_name = NONE)")
            script(target, "DROP SUBSCRIPTION bench")


def _drain(target: Connection) -> None:
    """Enable the subscription and wait until the last transaction has been applied."""
    script(target, "ALTER SUBSCRIPTION bench ENABLE")
    pause, deadline = threading.Event(), time.monotonic() + LONGEST
    while target.execute("SELECT FROM finished").fetchone() is None:
        if time.monotonic() > deadline:
            raise BenchFailed(f"logical replication is not done within {LONGEST:.0f} s")
        pause.wait(LOOK)
