"""What is counted of what the backup service lets see."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from twinpool.ports.broker import Outcome
from twinpool.vocabulary.names import Generation, Home, Instant, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import (
    BatchImported,
    BatchSent,
    BatchSettled,
    ImportStumbled,
    LinkChanged,
    LinkState,
    MessageQuarantined,
    PieceSent,
    RefusalHeard,
    RefusalSaid,
    SessionOpened,
)
from twinpool_services.telemetry import Board, Counting
from twinpool_services.telemetry.catalogue import CATALOGUE, Kind, Source

STREAM = Stream(Home("pool1.lab"), ModuleName("UserServices.PresenceFocus"))
ROUTE = Route(STREAM, PoolFqdn("pool2.lab"))
SESSION = SessionId(Term(1), Generation(3), 1)
ABOUT_STREAM = {"home": "pool1.lab", "module": "UserServices.PresenceFocus"}
ABOUT_ROUTE = {**ABOUT_STREAM, "destination": "pool2.lab"}


def value(board: Board, name: str, labels: Mapping[str, str]) -> float | None:
    """Return a sample as a scraper reads it, None if there is none."""
    body, _ = board.exposition("")
    samples = [sample for family in text_string_to_metric_families(body.decode()) for sample in family.samples]
    found = [each.value for each in samples if each.name == name and each.labels == {"pool": "pool1.lab", **labels}]
    return found[0] if found else None


def test_the_lag_is_that_of_the_oldest_change_of_a_batch() -> None:
    board = Board("pool1.lab")
    imported = BatchImported(
        stream=STREAM,
        session=SESSION,
        number=1,
        after=Position(0),
        last=Position(7),
        changes=9,
        oldest_at=Instant(100.0),
        seconds=0.5,
    )

    Counting(board, clock=lambda: 103.0).note(imported)

    assert value(board, "twinpool_import_lag_seconds_sum", ABOUT_STREAM) == 3.0
    assert value(board, "twinpool_import_lag_seconds_bucket", {**ABOUT_STREAM, "le": "2.5"}) == 0
    assert value(board, "twinpool_import_lag_seconds_bucket", {**ABOUT_STREAM, "le": "5.0"}) == 1
    assert value(board, "twinpool_import_batch_seconds_sum", ABOUT_STREAM) == 0.5
    assert value(board, "twinpool_imported_changes_total", ABOUT_STREAM) == 9


def test_clocks_that_differ_make_no_negative_lag() -> None:
    board = Board("pool1.lab")
    imported = BatchImported(
        stream=STREAM,
        session=SESSION,
        number=1,
        after=Position(0),
        last=Position(1),
        changes=1,
        oldest_at=Instant(100.0),
        seconds=0.5,
    )

    Counting(board, clock=lambda: 99.0).note(imported)

    assert value(board, "twinpool_import_lag_seconds_sum", ABOUT_STREAM) == 0.0


def test_a_batch_is_counted_when_it_is_sent_and_when_the_broker_has_spoken() -> None:
    board = Board("pool1.lab")
    counting = Counting(board)
    counting.note(
        BatchSent(
            route=ROUTE,
            session=SESSION,
            number=1,
            after=Position(0),
            last=Position(2),
            changes=5,
            payload_bytes=900,
            wire_bytes=300,
        )
    )

    counting.note(BatchSettled(route=ROUTE, session=SESSION, number=1, outcome=Outcome.CONFIRMED, seconds=0.02))
    counting.note(BatchSettled(route=ROUTE, session=SESSION, number=2, outcome=Outcome.LOST, seconds=5.0))

    assert value(board, "twinpool_batch_changes_sum", ABOUT_ROUTE) == 5
    assert value(board, "twinpool_batch_payload_bytes_sum", ABOUT_ROUTE) == 900
    assert value(board, "twinpool_batch_wire_bytes_sum", ABOUT_ROUTE) == 300
    assert value(board, "twinpool_batches_total", {**ABOUT_ROUTE, "outcome": "confirmed"}) == 1
    assert value(board, "twinpool_batches_total", {**ABOUT_ROUTE, "outcome": "lost"}) == 1
    assert value(board, "twinpool_batch_confirm_seconds_count", ABOUT_ROUTE) == 1


def test_sessions_refusals_failures_and_quarantine_are_counted_by_their_words() -> None:
    board = Board("pool1.lab")
    counting = Counting(board)
    for observation in (
        SessionOpened(ROUTE, SESSION, "start"),
        SessionOpened(ROUTE, SESSION, "link"),
        RefusalHeard(ROUTE, "unroutable"),
        PieceSent(ROUTE, 40),
        RefusalSaid(STREAM, "newer-session"),
        ImportStumbled(STREAM, "the disk is full"),
        MessageQuarantined("to.pool1.lab.control"),
    ):
        counting.note(observation)

    assert value(board, "twinpool_sessions_opened_total", {**ABOUT_ROUTE, "cause": "link"}) == 1
    assert value(board, "twinpool_export_refusals_total", {**ABOUT_ROUTE, "reason": "unroutable"}) == 1
    assert value(board, "twinpool_snapshot_records_sent_total", ABOUT_ROUTE) == 40
    assert value(board, "twinpool_import_refusals_total", {**ABOUT_STREAM, "reason": "newer-session"}) == 1
    assert value(board, "twinpool_import_failures_total", ABOUT_STREAM) == 1
    assert value(board, "twinpool_quarantined_messages_total", {"queue": "to.pool1.lab.control"}) == 1


def test_the_link_is_in_one_state_at_a_time() -> None:
    board = Board("pool1.lab")
    counting = Counting(board)

    counting.note(LinkChanged(LinkState.BLOCKED, "memory"))

    states = {state: value(board, "twinpool_broker_connection_state", {"state": state}) for state in LinkState}
    assert states == {LinkState.IDLE: 0, LinkState.DOWN: 0, LinkState.UP: 0, LinkState.BLOCKED: 1}


def test_metrics_are_named_by_convention() -> None:
    """Counters end in `_total`, times in `_seconds`, sizes in `_bytes`; everything begins with our name."""
    for metric in CATALOGUE:
        assert metric.name.startswith("twinpool_")
        assert (metric.kind is Kind.COUNTER) == metric.name.endswith("_total")
        assert not {"owner", "key", "record"} & set(metric.labels)
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
        assert metric.kind is not Kind.HISTOGRAM or metric.source is Source.EVENTS
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)
