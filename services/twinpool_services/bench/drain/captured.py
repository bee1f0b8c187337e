"""Stores that hold a captured backlog, and what any store holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice

from twinpool.ports.store import Records
from twinpool.stores.opening import open_store
from twinpool.vocabulary.change import Change, Committed, Record, RecordKey, Transaction
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
    with shown.step("Capturing the backlog", backlog.changes) as step, closing(open_store(url, SOURCE)) as store:
        declare_homes(store, bench_deployment(places), SOURCE)
        for group in _groups(backlog):
            for outcome in store.write(group):
                if not isinstance(outcome, Committed):
                    raise BenchFailed(f"the backlog cannot be written: {outcome}")
            step.advance(sum(len(transaction.changes) for transaction in group))
        step.outcome = f"{backlog.changes:,} changes"
    servers.settle(url)
    return url


def require_content(store: Records, expected: Content) -> None:
    """Raise `BenchFailed` unless a store holds what it must."""
    require_equal(content_of(_records(store)), expected)


def require_equal(found: Content, expected: Content) -> None:
    """Raise `BenchFailed` unless contents are equal: what came to a wrong end has no speed."""
    if found != expected:
        raise BenchFailed(f"the partner holds {found.records:,} records, digest {found.digest}; expected {expected}")


def _groups(backlog: Backlog) -> Iterator[list[Transaction]]:
    transactions = map(_transaction, backlog.transactions())
    size = max(1, TOGETHER // backlog.transaction_size)
    while group := list(islice(transactions, size)):
        yield group


def _transaction(changes: tuple[Change, ...]) -> Transaction:
    return Transaction(stream=STREAM, changes=changes, payload=encode_changes(changes))


def _records(store: Records) -> Iterable[Record]:
    after: RecordKey | None = None
    while page := store.scan(STREAM, after=after, limit=PAGE):
        yield from page
        after = RecordKey(*page[-1][:2])
