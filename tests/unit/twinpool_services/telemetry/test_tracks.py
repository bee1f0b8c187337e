"""Rings of numbers."""

from __future__ import annotations

from twinpool_services.telemetry.tracks import SECONDS, STREAM_COLUMNS, Column, Merging, Range, Track, percentile

COLUMNS = (
    Column("Sent", Merging.RATE),
    Column("State", Merging.HIGHEST),
    Column("Head", Merging.LAST, exact=True),
)


def track(*rows: tuple[int, dict[str, float]]) -> Track:
    written = Track(COLUMNS)
    for second, numbers in rows:
        written.write(second, numbers)
    return written


def test_each_second_is_told_and_what_is_not_known_is_none() -> None:
    written = track((100, {"Sent": 5.0}), (102, {"Sent": 7.0, "Head": 9.0}))

    assert written.read(Range(99, 104, 1)) == {
        "Sent": [None, 5.0, None, 7.0, None],
        "State": [None] * 5,
        "Head": [None, None, None, 9.0, None],
    }


def test_several_seconds_are_shown_as_one_as_befits_the_number() -> None:
    written = track(*((100 + at, {"Sent": float(at), "State": float(4 - at), "Head": 10.0 + at}) for at in range(4)))

    assert written.read(Range(100, 104, 4)) == {"Sent": [1.5], "State": [4.0], "Head": [13.0]}


def test_positions_are_exact() -> None:
    assert track((100, {"Head": 2.0**40 + 1})).read(Range(100, 101, 1))["Head"] == [2.0**40 + 1]


def test_what_is_older_than_the_ring_is_forgotten() -> None:
    written = track((100, {"Sent": 1.0}), (100 + SECONDS, {"Sent": 2.0}))

    assert written.read(Range(100, 101, 1))["Sent"] == [None]
    assert written.read(Range(100 + SECONDS, 101 + SECONDS, 1))["Sent"] == [2.0]


def test_seconds_that_were_left_out_do_not_show_what_stood_there_an_hour_ago() -> None:
    written = track((100, {"Sent": 1.0}), (101, {"Sent": 1.0}), (102 + SECONDS, {"Sent": 2.0}))

    assert written.read(Range(99 + SECONDS, 103 + SECONDS, 1))["Sent"] == [None, None, None, 2.0]


def test_a_second_is_written_once() -> None:
    assert track((100, {"Sent": 1.0}), (100, {"Sent": 2.0}), (99, {"Sent": 3.0})).read(Range(99, 101, 1))["Sent"] == [
        None,
        1.0,
    ]


def test_a_ring_takes_the_room_that_is_promised() -> None:
    sizes = [len(ring) * ring.itemsize for ring in Track(STREAM_COLUMNS)._rings.values()]

    assert sum(sizes) < 170_000


def test_a_percentile_is_a_number_that_was_measured() -> None:
    assert percentile([5.0], 0.99) == 5.0
    assert percentile([float(at) for at in range(1, 101)], 0.95) == 95.0
