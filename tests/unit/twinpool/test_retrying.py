from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from twinpool.errors import BrokerUnreachable, StoreUnavailable
from twinpool.retrying import RECONNECT, STORE_HICCUP, Policy, Setback
from twinpool.stopping import Stop

QUICK = Policy(name="test", on=(BrokerUnreachable,), first_pause=0.0001, longest_pause=0.001)


class Failing:
    """Fails a number of times, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_what_succeeds_at_once_is_done_once() -> None:
    action = Failing()

    assert QUICK.call(action, Stop()) == "done"
    assert action.calls == 1


def test_what_fails_is_tried_again_and_each_setback_is_told() -> None:
    setbacks: list[Setback] = []
    errors = [BrokerUnreachable(str(number)) for number in range(5)]

    assert QUICK.call(Failing(*errors), Stop(), setbacks.append) == "done"

    assert [each.attempt for each in setbacks] == [1, 2, 3, 4, 5]
    assert [str(each.error) for each in setbacks] == ["0", "1", "2", "3", "4"]
    assert {each.policy for each in setbacks} == {"test"}


def test_another_error_ends_it() -> None:
    action = Failing(StoreUnavailable("full"))

    with pytest.raises(StoreUnavailable):
        QUICK.call(action, Stop())
    assert action.calls == 1


@pytest.mark.parametrize("interruption", [Stop(), threading.Event()], ids=["stop", "event"])
def test_whoever_asks_to_stop_gets_the_last_error_without_another_attempt(
    interruption: Stop | threading.Event,
) -> None:
    for_ever = replace(QUICK, first_pause=600.0, longest_pause=600.0)
    action = Failing(BrokerUnreachable("first"), BrokerUnreachable("second"))

    def ask(_: Setback) -> None:
        if isinstance(interruption, Stop):
            interruption.request("enough")
        else:
            interruption.set()

    with pytest.raises(BrokerUnreachable, match="first"):
        for_ever.call(action, interruption, ask)
    assert action.calls == 1


def test_after_its_time_the_last_error_is_raised() -> None:
    action = Failing(*[BrokerUnreachable(str(number)) for number in range(1000)])

    with pytest.raises(BrokerUnreachable):
        replace(QUICK, at_most=0.0).call(action, Stop())
    assert action.calls == 1


@pytest.mark.parametrize("policy", [RECONNECT, STORE_HICCUP], ids=lambda policy: policy.name)
def test_pauses_grow_within_their_bounds_and_differ(policy: Policy) -> None:
    pauses: list[list[float]] = []
    for _ in range(20):
        told: list[Setback] = []

        class Deaf:
            """Never waits."""

            def wait(self, _seconds: float, /) -> bool:
                return False

        action = Failing(*[policy.on[0]("again") for _ in range(12)])
        replace(policy, at_most=None).call(action, Deaf(), told.append)
        pauses.append([each.pause for each in told])

    everything = [pause for run in pauses for pause in run]
    assert policy.first_pause <= min(everything)
    assert max(everything) <= policy.longest_pause
    assert max(run[0] for run in pauses) <= 2 * policy.first_pause
    assert max(run[-1] for run in pauses) > 2 * policy.first_pause
    assert len({tuple(run) for run in pauses}) == 20
