"""Puts together what measures a front end whose store is open."""

from __future__ import annotations

from pathlib import Path

from twinpool.vocabulary.deployment import Pool
from twinpool_services.backup import Reading, join_traces, read_replication
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.slow_facts import read_slow_facts
from twinpool_services.telemetry import Facts, Watch


def watch_of(context: Context) -> Watch:
    """Return what reads the pool store for those who scrape."""

    def read() -> Reading:
        join_traces(context.opened.store, context.telemetry.tracing)  # Now and then is soon enough for a trace.
        return read_now(context)

    def read_slow() -> Facts:
        return read_slow_facts(context)

    return Watch(
        context.telemetry.board, context.pool.fqdn, read=read, read_slow=read_slow, places=places_of(context.pool)
    )


def read_now(context: Context) -> Reading:
    """Read how this pool stands, and have it remembered. Raises `StoreUnavailable`."""
    opened = context.opened
    reading = read_replication(
        opened.store, context.deployment, context.pool.fqdn, context.modules, opened.configurations.current()
    )
    context.telemetry.chronicle.note_reading(reading)
    return reading


def places_of(pool: Pool) -> dict[str, Path]:
    """Name the directories of a pool on this machine whose disks may fill."""
    places = {"content": pool.content}
    if (file := pool.sqlite_file) is not None:
        places["store"] = file.parent
    return places
