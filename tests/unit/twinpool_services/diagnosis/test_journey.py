"""Where a write is, by what is still known."""

from __future__ import annotations

from dataclasses import replace

from twinpool_services.diagnosis import (
    Applied,
    Captured,
    Carried,
    Certainty,
    JourneyFacts,
    Orphaned,
    PoolTrace,
    journey_of,
)

WRITE = Captured(position=5, at="12:00:00", term=1, operation="put", by="remembered by fe1")
BATCH = Carried(
    destination="pool2.lab",
    session="1.3.1",
    number=4,
    sent_at="12:00:01",
    outcome="confirmed",
    settled_at="12:00:02",
    acknowledged_at="12:00:04",
    imported_at="12:00:03",
)
SOURCE = PoolTrace(
    pool="pool1.lab",
    fingerprint="ab",
    captured=(WRITE,),
    head=9,
    oldest=9,
    acknowledged=9,
    proven_at="12:00:09",
    carried=(BATCH,),
    remembers_since="11:00:00",
)
TARGET = PoolTrace(
    pool="pool2.lab",
    fingerprint="ab",
    cursor=9,
    applied=(Applied(session="1.3.1", number=4, at="12:00:03", seconds=0.1),),
    remembers_since="11:00:00",
)


def stops(source: PoolTrace, target: PoolTrace) -> dict[str, tuple[Certainty, str]]:
    journey = journey_of(JourneyFacts(source=source, target=target))
    return {each.stage: (each.certainty, each.at) for each in journey.stops}


def test_what_everybody_remembers_is_told_with_its_times() -> None:
    assert stops(SOURCE, TARGET) == {
        "Captured": (Certainty.KNOWN, "12:00:00"),
        "Published": (Certainty.KNOWN, "12:00:01"),
        "Confirmed": (Certainty.KNOWN, "12:00:02"),
        "Imported": (Certainty.KNOWN, "12:00:03"),
        "Acknowledged": (Certainty.KNOWN, "12:00:04"),
        "Compared": (Certainty.KNOWN, ""),
    }


def test_what_nobody_remembers_is_inferred_from_what_is_durable_and_told_as_such() -> None:
    found = stops(replace(SOURCE, carried=()), replace(TARGET, applied=()))

    assert found["Captured"] == (Certainty.KNOWN, "12:00:00")
    assert [found[stage] for stage in ("Published", "Imported", "Acknowledged")] == [(Certainty.INFERRED, "")] * 3


def test_a_write_that_waits_has_not_come_anywhere_yet() -> None:
    waiting = replace(SOURCE, acknowledged=4, oldest=4, carried=())
    target = replace(TARGET, cursor=4, applied=(), fingerprint=None)

    journey = journey_of(JourneyFacts(source=waiting, target=target))

    not_yet = [each.stage for each in journey.stops if each.certainty is Certainty.NOT_YET]
    assert not_yet == ["Published", "Imported", "Acknowledged"]
    assert journey.summary == "it is durable in its pool and has not left it"


def test_a_pool_that_does_not_answer_is_no_proof_of_anything() -> None:
    target = PoolTrace(pool="pool2.lab", silence="fe1: connection refused")

    found = stops(replace(SOURCE, acknowledged=4, carried=()), target)

    assert found["Imported"][0] is Certainty.UNKNOWN
    assert found["Compared"][0] is Certainty.UNKNOWN


def test_what_was_sent_twice_is_told_twice() -> None:
    first = replace(BATCH, session="1.3.0", outcome="lost", acknowledged_at="", imported_at="")

    journey = journey_of(JourneyFacts(source=replace(SOURCE, carried=(first, BATCH)), target=TARGET))

    published = [each.what for each in journey.stops if each.stage == "Published"]
    assert published == [
        "session 1.3.0, batch 4 to pool2.lab, attempt 1 of 2",
        "session 1.3.1, batch 4 to pool2.lab, attempt 2 of 2",
    ]


def test_a_record_of_which_no_change_is_known_is_compared_all_the_same() -> None:
    journey = journey_of(JourneyFacts(source=replace(SOURCE, captured=(), carried=()), target=TARGET))

    captured, compared = journey.stops
    assert (captured.certainty, compared.what) == (Certainty.UNKNOWN, "both pools hold the same value")
    assert "pruned up to its head at 9" in captured.what
    assert "11:00:00" in captured.what


def test_orphans_of_the_record_are_told_with_what_became_of_them() -> None:
    orphan = Orphaned(number=3, position=8, decision="replayed", decided_by="ann", decided_at="13:00:00")

    journey = journey_of(JourneyFacts(source=SOURCE, target=replace(TARGET, orphans=(orphan,))))

    (told,) = [each for each in journey.stops if each.stage == "Orphan"]
    assert told.what == "pool2.lab keeps orphan 3 of it, at position 8: replayed by ann"
    assert told.at == "13:00:00"


def test_the_newest_change_counts_by_term_and_then_by_position() -> None:
    older = replace(WRITE, term=1, position=9)
    newer = replace(WRITE, term=2, position=6)

    journey = journey_of(
        JourneyFacts(source=replace(SOURCE, captured=(older,)), target=replace(TARGET, captured=(newer,)))
    )

    assert journey.position == 6
