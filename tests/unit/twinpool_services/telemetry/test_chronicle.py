"""What is remembered of the last hour."""

from __future__ import annotations

import pytest

from twinpool.protocol.exporting import Phase
from twinpool.vocabulary.names import Generation, Home, Instant, ModuleName, PoolFqdn, Position, Route, Stream, Term
from twinpool.vocabulary.session import SessionId
from twinpool_services.backup import (
    BatchImported,
    BatchSent,
    ExportView,
    ImportStumbled,
    SessionOpened,
    WorkerView,
)
from twinpool_services.telemetry.chronicle import MOST_SUBJECTS, Chronicle
from twinpool_services.telemetry.tracks import Range

STREAM = Stream(Home("pool1.lab"), ModuleName("UserServices.PresenceFocus"))
ROUTE = Route(STREAM, PoolFqdn("pool2.lab"))
SESSION = SessionId(term=Term(1), generation=Generation(1), number=1)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chronicle(clock: Clock) -> Chronicle:
    return Chronicle(clock, clock)


def sent(changes: int) -> BatchSent:
    return BatchSent(
        route=ROUTE,
        session=SESSION,
        number=1,
        after=Position(0),
        last=Position(changes),
        changes=changes,
        payload_bytes=100,
        wire_bytes=50,
    )


def imported(oldest_at: float) -> BatchImported:
    return BatchImported(
        stream=STREAM,
        session=SESSION,
        number=1,
        after=Position(0),
        last=Position(1),
        changes=10,
        oldest_at=Instant(oldest_at),
        seconds=0.25,
    )


def exporting(route: Route = ROUTE) -> WorkerView:
    view = ExportView(
        route=route,
        phase=Phase.STREAMING,
        session=SESSION,
        cause="",
        in_flight=3,
        window=8,
        read_to=None,
        silent_for=0.0,
        next_cycle_in=0.0,
        batches_left=None,
    )
    return WorkerView(generation=Generation(1), blocked=None, exports=(view,), imports=())


def row(chronicle: Chronicle, second: int, subject: Route | Stream = ROUTE) -> dict[str, float | None]:
    found = chronicle.read(STREAM, Range(second, second + 1, 1))[subject]
    return {name: numbers[0] for name, numbers in found.items() if numbers[0] is not None}


def test_what_was_sent_in_a_second_is_added_up(chronicle: Chronicle, clock: Clock) -> None:
    chronicle.note(sent(100))
    chronicle.note(sent(300))
    clock.now = 1_001.0
    chronicle.sample(exporting())

    assert row(chronicle, 1_001) == {
        "SentChanges": 400,
        "SentBatches": 2,
        "SentBytes": 100,
        "LargestBatch": 300,
        "Sessions": 0,
        "Refusals": 0,
        "InFlight": 3,
        "Window": 8,
    }


def test_the_active_front_end_knows_that_nothing_was_sent_and_others_do_not(chronicle: Chronicle, clock: Clock) -> None:
    clock.now = 1_001.0
    chronicle.sample(exporting())
    clock.now = 1_002.0
    chronicle.sample(None)

    assert row(chronicle, 1_001)["SentChanges"] == 0
    assert row(chronicle, 1_002) == {}


def test_lags_are_told_as_percentiles(chronicle: Chronicle, clock: Clock) -> None:
    for lag in (1.0, 2.0, 4.0):
        chronicle.note(imported(clock.now - lag))
    clock.now = 1_001.0
    chronicle.sample(None)

    numbers = row(chronicle, 1_001, STREAM)
    assert [numbers[name] for name in ("LagP50", "LagP95", "LagP99")] == [2.0, 4.0, 4.0]
    assert (numbers["ImportedChanges"], numbers["BatchSeconds"]) == (30, 0.25)


def test_nothing_that_was_counted_is_lost_if_a_second_is_sampled_twice(chronicle: Chronicle, clock: Clock) -> None:
    clock.now = 1_001.0
    chronicle.sample(exporting())
    chronicle.note(sent(5))
    clock.now = 1_001.9
    chronicle.sample(exporting())
    clock.now = 1_002.0
    chronicle.sample(exporting())

    assert row(chronicle, 1_002)["SentChanges"] == 5


def test_a_clock_that_is_put_back_does_not_stop_it() -> None:
    wall, ticks = Clock(), Clock()
    chronicle = Chronicle(wall, ticks)
    ticks.now = 1_001.0
    chronicle.sample(exporting())
    wall.now, ticks.now = 1.0, 1_002.0
    chronicle.sample(exporting())

    assert row(chronicle, 1_002)["InFlight"] == 3


def test_what_happened_is_told_with_its_word(chronicle: Chronicle, clock: Clock) -> None:
    chronicle.note(SessionOpened(ROUTE, SESSION, "take-over"))
    clock.now += 5
    chronicle.note(ImportStumbled(STREAM, "the disk is full"))

    assert [(each.kind, each.word) for each in chronicle.happenings(STREAM, 0)] == [
        ("session", "take-over"),
        ("failure", "the disk is full"),
    ]
    assert [each.kind for each in chronicle.happenings(STREAM, 1_000.0)] == ["failure"]


def test_memory_is_bounded_however_many_streams_there_are(chronicle: Chronicle, clock: Clock) -> None:
    for number in range(MOST_SUBJECTS + 3):
        clock.now += 1
        chronicle.sample(exporting(Route(Stream(Home(f"pool{number}"), STREAM.module), ROUTE.destination)))

    assert len(chronicle._tracks) == MOST_SUBJECTS
