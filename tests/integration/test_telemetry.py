"""A pair in this process, seen from outside: metrics that are scraped, and traces over both pools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from tests.front_ends import POOL1, deployment_in, front_end_on
from tests.pairs import CONTACTS, MODULES, P1, P2, RunningPair, eventually, memory_links, running_pair
from twinpool.brokers.memory import MemoryBroker
from twinpool.errors import StoreUnavailable
from twinpool.stores.commit_group import CommitGroup
from twinpool.stores.memory import MemoryStore
from twinpool.vocabulary.change import Change, Record, RecordKey, Transaction
from twinpool.vocabulary.names import FrontEndName, Stream
from twinpool.wire import encode_changes
from twinpool_services.backup import Reading, join_traces, read_replication
from twinpool_services.backup.untrusted import UntrustedTally
from twinpool_services.frontend.measuring import watch_of
from twinpool_services.frontend.watched_commits import WatchedCommits
from twinpool_services.telemetry import Board, Facts, Telemetry, Watch, timed_store


def samples(board: Board) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return all samples as a scraper reads them."""
    body, _ = board.exposition("")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def named(board: Board, name: str, **labels: str) -> float:
    """Return the sum of the samples of a name that have these labels."""
    return sum(
        value
        for (known, having), value in samples(board).items()
        if known == name and labels.items() <= dict(having).items()
    )


class Seen:
    """A pair whose pools are watched, each by itself."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = {fqdn: Telemetry(fqdn, self.provider) for fqdn in (P1, P2)}

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, seen: Seen) -> Iterator[RunningPair]:
    links = memory_links(MemoryBroker())
    with running_pair(tmp_path_factory.mktemp("pair"), MemoryStore, links, front_ends=0) as running:
        for pool in (running.first, running.second):
            telemetry = seen.telemetry[pool.premises.pool]
            pool.premises = replace(pool.premises, observer=telemetry.observer, tracing=telemetry.tracing)
            pool.start(1)
        running.await_final()
        yield running


def write(pair: RunningPair, seen: Seen, key: str) -> None:
    """Write through what a front end of the first pool writes through."""
    commits = WatchedCommits(CommitGroup(pair.first.store), seen.telemetry[P1])
    changes = (Change("alice@lab", key, b"friend"),)
    commits.commit(Transaction(stream=CONTACTS, changes=changes, payload=encode_changes(changes)))


def test_one_trace_spans_both_pools(pair: RunningPair, seen: Seen) -> None:
    """Write → batch → import → acknowledgement, each the child of the one before."""
    seen.exporter.clear()
    write(pair, seen, "contacts/traced")
    eventually(lambda: len(seen.spans("twinpool.acknowledgement")) > 0, "the acknowledgement is traced")

    write_span, batch, imported, acknowledged = (
        seen.spans(name)[0]
        for name in ("twinpool.write", "twinpool.batch", "twinpool.import", "twinpool.acknowledgement")
    )

    assert len({span.context.trace_id for span in (write_span, batch, imported, acknowledged) if span.context}) == 1
    for parent, child in ((write_span, batch), (batch, imported), (imported, acknowledged)):
        assert child.parent is not None
        assert parent.context is not None
        assert child.parent.span_id == parent.context.span_id
    pools = [(span.attributes or {})["twinpool.pool"] for span in (write_span, batch, imported, acknowledged)]
    assert pools == [P1, P1, P2, P1]


def test_a_write_taken_by_another_front_end_is_linked_with_the_batch_that_carried_it(
    pair: RunningPair, seen: Seen
) -> None:
    """The active one sends it without knowing its trace; by position the two are joined afterwards."""
    seen.exporter.clear()
    elsewhere = Telemetry(P1, seen.provider)
    changes = (Change("alice@lab", "contacts/elsewhere", b"friend"),)
    transaction = Transaction(stream=CONTACTS, changes=changes, payload=encode_changes(changes))
    position = WatchedCommits(CommitGroup(pair.first.store), elsewhere).commit(transaction).position

    def joined() -> bool:
        join_traces(pair.first.store, elsewhere.tracing)
        return bool(seen.spans("twinpool.carried"))

    eventually(joined, "the write is joined")

    (write_span,), (carried,) = seen.spans("twinpool.write"), seen.spans("twinpool.carried")
    batch = next(
        span
        for span in seen.spans("twinpool.batch")
        if span.attributes and int(str(span.attributes["twinpool.position.last"])) >= position
    )
    assert write_span.context is not None
    assert batch.context is not None
    assert carried.context is not None
    assert carried.parent is not None
    assert (carried.parent.span_id, carried.context.trace_id) == (
        write_span.context.span_id,
        write_span.context.trace_id,
    )
    assert [link.context.span_id for link in carried.links] == [batch.context.span_id]
    assert batch.context.trace_id != write_span.context.trace_id
    assert not elsewhere.tracing.has_unjoined


def test_what_happens_is_counted_on_both_sides(pair: RunningPair, seen: Seen) -> None:
    write(pair, seen, "contacts/counted")
    pair.await_final()
    first, second = (seen.telemetry[fqdn].board for fqdn in (P1, P2))
    module = CONTACTS.module

    assert named(first, "twinpool_batches_total", module=module, outcome="confirmed") > 0
    assert named(first, "twinpool_batch_changes_sum", module=module) > 0
    assert named(first, "twinpool_sessions_opened_total", module=module, cause="start") > 0
    assert named(first, "twinpool_broker_connection_state", state="up") == 1
    assert named(second, "twinpool_imported_changes_total", module=module, home=P1) > 0
    assert named(second, "twinpool_import_lag_seconds_count", module=module, pool=P2) > 0


def test_the_journal_knows_the_way_of_a_write(pair: RunningPair, seen: Seen) -> None:
    write(pair, seen, "contacts/remembered")
    journal, theirs = (seen.telemetry[fqdn].journal for fqdn in (P1, P2))
    (entry,) = journal.writes_of(CONTACTS, "alice@lab", "contacts/remembered")
    eventually(
        lambda: any(batch.acknowledged_at for batch in journal.batches_with(CONTACTS, entry.position)), "acknowledged"
    )

    assert [each.last >= entry.position for each in theirs.imports_with(CONTACTS, entry.position)] == [True]


def test_states_and_positions_are_read_from_the_store(pair: RunningPair, seen: Seen) -> None:
    pair.await_final()
    board = Board(P1)
    watch_of_pool(pair, board).look()
    module = CONTACTS.module

    assert named(board, "twinpool_export_state", module=module, state="FinalState") == 1
    assert named(board, "twinpool_export_state", module=module, state="ErrorState") == 0
    assert named(board, "twinpool_export_pending_changes") == 0
    head = named(board, "twinpool_export_head_position", module=module)
    assert (
        head == named(board, "twinpool_export_acknowledged_position", module=module) == pair.first.store.head(CONTACTS)
    )
    assert named(board, "twinpool_import_state", home=P2, state="NormalState") == 2
    assert named(board, "twinpool_lease_held") == named(board, "twinpool_store_up") == 1
    assert named(board, "twinpool_home_serving", home=P1) == 1
    assert named(board, "twinpool_home_serving", home=P2) == 0


def test_messages_that_were_not_trusted_are_told_by_every_front_end(tmp_path: Path) -> None:
    """Also where none was, so that the first one is an increase that an alert sees."""
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path)) as serving:
        store, board = serving.store, serving.context.telemetry.board
        watch_of(serving.context).look()
        before = samples(board)
        tally = UntrustedTally(store, store.acquire_lease(FrontEndName("fe1.lab"), timedelta(minutes=1)).generation)
        for _ in range(2):
            tally.note(P2, "to.pool1.lab.control", "is not signed")
        tally.publish()

        watch_of(serving.context).look()

    told = ("twinpool_untrusted_messages_total", frozenset({("pool", POOL1)}))
    assert (before[told], samples(board)[told]) == (0.0, 2.0)


def watch_of_pool(pair: RunningPair, board: Board) -> Watch:
    premises = pair.first.premises

    def read() -> Reading:
        return read_replication(
            premises.store, premises.deployment, premises.pool, MODULES, premises.configurations.current()
        )

    return Watch(board, P1, read=read, read_slow=lambda: Facts(orphans=(), failovers=(), untrusted=0), places={})


def test_old_numbers_go_when_the_store_does_not_answer(pair: RunningPair) -> None:
    """A green state must not outlive what it was read from."""
    board = Board(P1)
    answers = watch_of_pool(pair, board)
    answers.look()

    def read() -> Reading:
        raise StoreUnavailable("the disk is gone")

    Watch(board, P1, read=read, read_slow=lambda: Facts(orphans=(), failovers=(), untrusted=0), places={}).look()

    assert named(board, "twinpool_store_up") == 0
    assert not [name for name, _ in samples(board) if name == "twinpool_export_state"]


def test_calls_to_the_store_are_timed_and_their_failures_counted() -> None:
    class Failing(MemoryStore):
        def scan(
            self, stream: Stream, *, after: RecordKey | None, limit: int, owner: str | None = None
        ) -> list[Record]:
            raise StoreUnavailable(f"{limit} records of {stream} {owner} after {after}: the disk is gone")

    board = Board(P1)
    store = timed_store(Failing(P1), board)

    assert store.collect(CONTACTS, after=store.head(CONTACTS), max_changes=1, max_bytes=1) == []
    with pytest.raises(StoreUnavailable):
        store.scan(CONTACTS, after=None, limit=1)

    assert named(board, "twinpool_store_seconds_count", operation="collect") == 1
    assert named(board, "twinpool_store_errors_total", operation="scan") == 1


def test_a_front_end_answers_a_scrape_from_memory(tmp_path: Path) -> None:
    with front_end_on(MemoryStore(POOL1), deployment_in(tmp_path)) as front_end:
        watch_of(front_end.context).look()
        answer = front_end.client.put("/v1/homes/pool1.lab/modules/PresenceFocus/records/alice@lab/bob", content=b"1")
        assert answer.status_code == 201
        assert front_end.client.get("/nothing-here").status_code == 404
        assert front_end.client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text.endswith(
            "# EOF\n"
        )

        scraped = front_end.client.get("/metrics")

        board = front_end.context.telemetry.board
        assert scraped.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert 'twinpool_front_end_info{front_end="fe1.lab",pool="pool1.lab"' in scraped.text
        assert named(board, "twinpool_http_requests_total", route_class="records", method="PUT", status="201") == 1
        assert named(board, "twinpool_http_requests_total", route_class="other", status="404") == 1
        assert named(board, "twinpool_orphans", home="pool1.lab", state="undecided") == 0
        assert named(board, "twinpool_disk_free_bytes", place="store") > 0


def test_metrics_are_answered_while_the_store_cannot_be_opened(tmp_path: Path) -> None:
    with front_end_on(None, deployment_in(tmp_path)) as front_end:
        watch_of(front_end.context).look()

        assert 'twinpool_store_up{pool="pool1.lab"} 0.0' in front_end.client.get("/metrics").text
