"""When an exporter reads its log: pure, so that the cadence has tests of its own."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import timedelta

from twinpool.vocabulary.configuration import BackupServiceConfiguration
from twinpool.vocabulary.settings import SyncTrigger

BREATH = timedelta(milliseconds=5)  #: after a reading in vain, for other streams' commits ring too
POLL = 0.25  #: seconds; a ring that was lost costs no more than this


class Haul(enum.Enum):
    """What a reading of the log or of the records brought."""

    NONE = enum.auto()  #: nothing is wanted, or nothing is there
    PARTIAL = enum.auto()  #: all that there was
    MORE = enum.auto()  #: less was left than was read: most of it has come meanwhile
    FULL = enum.auto()  #: a backlog is left


def haul_of(*, read: int, left: int) -> Haul:
    """Judge a reading of the log by how many positions it took, and how many it left behind them."""
    if read <= 0:
        return Haul.NONE
    if left <= 0:
        return Haul.PARTIAL
    return Haul.FULL if left > read else Haul.MORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When to read next, and how often more in this cycle. Times are monotonic, in seconds."""

    eager: bool = True  #: there may be something to read
    has_room: bool = True  #: the exporter takes more; else an event will make room
    not_before: float = 0.0  #: small batches begin `Linger` apart, so that changes gather meanwhile
    poll_at: float = 0.0
    cycle_at: float = 0.0  #: when the next cycle of forced collection begins
    batches_left: int | None = None  #: in this cycle; None is unlimited
    trigger: SyncTrigger | None = None  #: by the configuration that was known last

    def may_read(self, now: float) -> bool:
        """Whether it is time."""
        return self._is_ready and now >= self.not_before

    def due_in(self, now: float) -> float:
        """Seconds until something is due that nobody rings for."""
        due = min(self.poll_at, self.cycle_at)
        if self._is_ready:
            due = min(due, self.not_before)
        return max(due - now, 0.0)

    @property
    def _is_ready(self) -> bool:
        return self.eager and self.has_room and self.batches_left != 0


def on_ring(pace: Pace, configuration: BackupServiceConfiguration) -> Pace:
    """Something was committed or acknowledged: with an event trigger, that is the time to read."""
    return replace(pace, eager=True) if configuration.sync_trigger is SyncTrigger.EVENT else pace


def on_configuration(pace: Pace, configuration: BackupServiceConfiguration) -> Pace:
    """Of the CMS alone: that events trigger no longer is itself an event, and a cycle begins at once.

    The new configuration would else reach the backup pool a whole `SyncInterval` late where it is known here before
    its own commit has rung.
    """
    held_back = pace.trigger is SyncTrigger.EVENT and configuration.sync_trigger is not SyncTrigger.EVENT
    return replace(pace, trigger=configuration.sync_trigger, cycle_at=0.0 if held_back else pace.cycle_at)


def on_time(pace: Pace, configuration: BackupServiceConfiguration, max_batches: int, now: float) -> Pace:
    """Begin a new cycle each `SyncInterval`, and look again now and then in case a ring was lost.

    With an interval trigger the cycle is all there is: everything pending is collected at its beginning, at most
    `max_batches` batches of it, as the original did.
    """
    on_event = configuration.sync_trigger is SyncTrigger.EVENT
    if now >= pace.cycle_at:
        cycle_at = now + configuration.sync_interval.total_seconds()
        left = None if on_event else max_batches
        return replace(pace, eager=True, cycle_at=cycle_at, poll_at=now + POLL, batches_left=left)
    cycle_at = min(
        pace.cycle_at, now + configuration.sync_interval.total_seconds()
    )  # A shorter interval counts at once.
    pace = replace(pace, cycle_at=cycle_at, batches_left=None if on_event else pace.batches_left)
    if now >= pace.poll_at:
        going_on = pace.eager or on_event
        return replace(pace, eager=going_on, poll_at=now + POLL)
    return pace


def on_haul(pace: Pace, haul: Haul, *, linger: timedelta, began: float) -> Pace:
    """After a reading: go on at once through a backlog, else gather for a while after a batch, and rest after none.

    Where commits never cease, one always comes while a batch is read; to go on for its sake would make each batch as
    small as that. A cycle of forced collection goes on all the same: what it leaves has to wait for the next one.
    """
    left = pace.batches_left
    in_cycle = left is not None
    if left is not None and haul is not Haul.NONE:
        left = max(left - 1, 0)
    if haul is Haul.FULL or (haul is Haul.MORE and in_cycle):
        return replace(pace, batches_left=left)
    pause = min(linger, BREATH) if haul is Haul.NONE else linger
    return replace(pace, eager=haul is Haul.MORE, not_before=began + pause.total_seconds(), batches_left=left)


def on_forced(pace: Pace, configuration: BackupServiceConfiguration, max_batches: int, now: float) -> Pace:
    """An operator wants a sync: a cycle begins now, and the next one a whole `SyncInterval` later."""
    left = None if configuration.sync_trigger is SyncTrigger.EVENT else max_batches
    cycle_at = now + configuration.sync_interval.total_seconds()
    return replace(pace, eager=True, not_before=0.0, batches_left=left, cycle_at=cycle_at)
