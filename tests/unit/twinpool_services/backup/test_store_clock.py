from __future__ import annotations

from twinpool.vocabulary.names import Instant
from twinpool_services.backup.store_clock import FRESH_FOR, StoreClock


class Clocks:
    """A store's clock and ours, set by hand."""

    def __init__(self) -> None:
        self.store, self.own, self.asked = 1_000.0, 50.0, 0

    def ask(self) -> Instant:
        self.asked += 1
        return Instant(self.store)

    def pass_by(self, seconds: float) -> None:
        self.store += seconds
        self.own += seconds


def test_the_store_is_asked_once_a_second() -> None:
    clocks = Clocks()
    clock = StoreClock(clocks.ask, lambda: clocks.own)

    told = []
    for _ in range(5):
        told.append(clock.now())
        clocks.pass_by(FRESH_FOR / 4)

    assert told == [1_000.0, 1_000.25, 1_000.5, 1_000.75, 1_001.0]
    assert clocks.asked == 2


def test_a_clock_that_is_set_back_is_noticed_at_the_next_question() -> None:
    clocks = Clocks()
    clock = StoreClock(clocks.ask, lambda: clocks.own)
    clock.now()

    clocks.store -= 3_600.0
    clocks.pass_by(FRESH_FOR)

    assert clock.now() == clocks.store
