from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.settings import SyncTrigger
from twinpool_services.backup.pacing import (
    POLL,
    Haul,
    Pace,
    haul_of,
    on_configuration,
    on_forced,
    on_haul,
    on_ring,
    on_time,
)

EVENT = BackupServiceConfiguration(sync_interval=timedelta(seconds=60))
INTERVAL = BackupServiceConfiguration(sync_interval=timedelta(seconds=60), sync_trigger=SyncTrigger.INTERVAL)
LINGER = timedelta(milliseconds=20)


def resting(configuration: BackupServiceConfiguration, now: float = 100.0) -> Pace:
    """A pace that has begun its cycle at `now`, and found nothing a second before it."""
    return on_haul(on_time(Pace(), configuration, 5, now), Haul.NONE, linger=LINGER, began=now - 1)


@pytest.mark.parametrize(
    ("read", "left", "haul"),
    [(0, 0, Haul.NONE), (0, 7, Haul.NONE), (7, 0, Haul.PARTIAL), (7, 7, Haul.MORE), (7, 8, Haul.FULL)],
)
def test_a_reading_is_judged_by_what_it_took_and_what_it_left(read: int, left: int, haul: Haul) -> None:
    assert haul_of(read=read, left=left) is haul


def test_a_lone_change_is_read_at_once() -> None:
    pace = on_ring(resting(EVENT), EVENT)

    assert pace.may_read(100.0)


def test_commits_of_other_streams_do_not_make_an_exporter_read_without_a_breath() -> None:
    pace = on_ring(on_haul(resting(EVENT), Haul.NONE, linger=LINGER, began=100.0), EVENT)

    assert not pace.may_read(100.001)
    assert pace.may_read(100.006)


def test_an_exporter_whose_window_is_full_waits_for_an_event() -> None:
    pace = replace(on_ring(resting(EVENT), EVENT), has_room=False)

    assert not pace.may_read(100.0)
    assert pace.due_in(100.0) > 0


def test_after_a_small_batch_changes_gather_for_the_linger() -> None:
    pace = on_haul(on_ring(resting(EVENT), EVENT), Haul.PARTIAL, linger=LINGER, began=100.0)
    pace = on_ring(pace, EVENT)

    assert not pace.may_read(100.019)
    assert pace.may_read(100.021)
    assert 0 < pace.due_in(100.0) <= 0.020001


def test_a_full_batch_is_followed_at_once_by_the_next() -> None:
    pace = on_haul(on_ring(resting(EVENT), EVENT), Haul.FULL, linger=LINGER, began=100.0)

    assert pace.may_read(100.0)


def test_what_has_come_while_a_batch_was_read_gathers_for_the_linger() -> None:
    pace = on_haul(on_ring(resting(EVENT), EVENT), Haul.MORE, linger=LINGER, began=100.0)

    assert not pace.may_read(100.019)
    assert pace.may_read(100.021), "nobody rings for it again"


def test_the_linger_counts_from_the_beginning_of_a_reading() -> None:
    pace = on_haul(on_ring(resting(EVENT), EVENT), Haul.MORE, linger=LINGER, began=100.0)

    assert pace.may_read(100.05), "the reading took longer"


def test_a_lost_ring_costs_no_more_than_the_poll() -> None:
    pace = resting(EVENT)

    assert not pace.may_read(100.0)
    assert on_time(pace, EVENT, 5, 100.0 + POLL).may_read(100.0 + POLL)


def test_with_an_interval_trigger_a_ring_changes_nothing() -> None:
    pace = on_ring(resting(INTERVAL), INTERVAL)

    assert not pace.may_read(100.0)
    assert not on_time(pace, INTERVAL, 5, 130.0).may_read(130.0)


def test_with_an_interval_trigger_everything_is_collected_at_the_tick() -> None:
    pace = on_time(resting(INTERVAL), INTERVAL, 5, 160.0)

    assert pace.may_read(160.0)


def test_a_cycle_sends_no_more_than_its_batches() -> None:
    pace = on_time(resting(INTERVAL), INTERVAL, 2, 160.0)
    for _ in range(2):
        assert pace.may_read(160.0)
        pace = on_haul(pace, Haul.FULL, linger=LINGER, began=160.0)

    assert not pace.may_read(160.0)
    assert on_time(pace, INTERVAL, 2, 221.0).may_read(221.0)


def test_a_cycle_takes_what_is_left_of_what_it_began_with() -> None:
    pace = on_haul(on_time(resting(INTERVAL), INTERVAL, 5, 160.0), Haul.MORE, linger=LINGER, began=160.0)

    assert pace.may_read(160.0)


def test_a_shorter_sync_interval_counts_at_once() -> None:
    pace = resting(INTERVAL)
    shorter = BackupServiceConfiguration(sync_interval=timedelta(seconds=5), sync_trigger=SyncTrigger.INTERVAL)

    pace = on_time(pace, shorter, 5, 101.0)

    assert on_time(pace, shorter, 5, 106.1).may_read(106.1)


def test_changing_the_trigger_to_event_takes_effect_in_the_cycle_under_way() -> None:
    pace = on_ring(on_time(resting(INTERVAL), EVENT, 5, 101.0), EVENT)

    assert pace.may_read(101.0)


def test_a_forced_sync_begins_a_cycle_now() -> None:
    pace = on_forced(resting(INTERVAL, now=100.0), INTERVAL, 5, 130.0)

    assert pace.may_read(130.0)
    pace = on_haul(pace, Haul.NONE, linger=LINGER, began=130.0)
    assert not on_time(pace, INTERVAL, 5, 189.0).may_read(189.0)
    assert on_time(pace, INTERVAL, 5, 190.0).may_read(190.0)


def test_the_store_sends_the_change_by_which_events_trigger_no_longer() -> None:
    pace = on_configuration(resting(EVENT), EVENT)

    pace = on_ring(pace, INTERVAL)  # Its own commit rings when it is known already.
    assert not pace.may_read(100.1)
    pace = on_time(on_configuration(pace, INTERVAL), INTERVAL, 5, 100.1)

    assert pace.may_read(100.1)
    assert pace.cycle_at == 160.1
    assert on_configuration(pace, INTERVAL).cycle_at == 160.1, "and that once"


def test_a_configuration_that_stays_begins_no_cycle() -> None:
    for configuration in (EVENT, INTERVAL):
        pace = on_configuration(resting(configuration), configuration)

        assert on_configuration(pace, configuration).cycle_at == 160.0
    assert on_configuration(on_configuration(resting(INTERVAL), INTERVAL), EVENT).cycle_at == 160.0
