"""Stores that hold a captured backlog, and what any store holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice

from twinpool.ports.store import Records
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Committed, Record, RecordKey, Transaction
from twinpool.vocabulary.names import Stream
from twinpool.wire import encode_changes
from twinpool_services.bench.bench_pools import SOURCE, STREAM, Places, bench_deployment, declare_homes
from twinpool_services.bench.drain.backlog import Backlog, Content, content_of
from twinpool_services.bench.failing import BenchFailed
from twinpool_services.bench.servers import BenchServers
from twinpool_services.lab import Display, StoreKind

TOGETHER = 5_000  #: changes that are committed together while the backlog is captured; each keeps its transaction
PAGE = 10_000  #: records


def capture(backlog: Backlog, kind: StoreKind, servers: BenchServers, shown: Display) -> str:
    """Write a backlog to a new source store, as clients would; return the store's URL."""
    url = servers.new_store(kind)
    places = Places(source_store=url, partner_store="-", broker=servers.broker_url, directory=str(servers.directory))
    with closing(open_store(url, SOURCE)) as store:
        declare_homes(store, bench_deployment(places), SOURCE)
        write_to(store, STREAM, backlog, shown)
    servers.settle(url)
    return url


def write_to(store: Records, stream: Stream, backlog: Backlog, shown: Display) -> None:
    """Write a backlog to a stream. Raises `BenchFailed` if the store refuses."""
    with shown.step(f"Capturing a backlog of {backlog.changes:,} changes", backlog.changes) as step:
        for group in _groups(backlog, stream):
            for outcome in store.write(group):
                if not isinstance(outcome, Committed):
                    raise BenchFailed(f"the backlog cannot be written: {outcome}")
            step.advance(sum(len(transaction.changes) for transaction in group))


def require_content(store: Records, expected: Content, stream: Stream = STREAM) -> None:
    """Raise `BenchFailed` unless a store holds what it must."""
    require_equal(content_of(_records(store, stream)), expected)


def require_equal(found: Content, expected: Content) -> None:
    """Raise `BenchFailed` unless contents are equal: what came to a wrong end has no speed."""
    if found != expected:
        raise BenchFailed(f"the partner holds {found.records:,} records, digest {found.digest}; expected {expected}")


def _groups(backlog: Backlog, stream: Stream) -> Iterator[list[Transaction]]:
    transactions = (
        Transaction(stream=stream, changes=changes, payload=encode_changes(changes))
        for changes in backlog.transactions()
    )
    size = max(1, TOGETHER // backlog.transaction_size)
    while group := list(islice(transactions, size)):
        yield group


def _records(store: Records, stream: Stream) -> Iterable[Record]:
    after: RecordKey | None = None
    while page := store.scan(stream, after=after, limit=PAGE):
        yield from page
        after = RecordKey(*page[-1][:2])
