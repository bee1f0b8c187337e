"""A signal asks to stop, whatever the main thread is doing when it comes."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from twinpool.stopping import Stop, stop_on_signals

PATIENCE = 30.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_says_which_it_was(number: signal.Signals) -> None:
    former = signal.getsignal(number)
    with stop_on_signals(Stop()) as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(PATIENCE)
        assert signal.getsignal(number) is former
    assert stop.reason == number.name
    assert signal.getsignal(number) is former


def test_no_signal_is_lost_while_the_main_thread_begins_to_wait() -> None:
    """One that comes while the lock of the waiting is held used to leave both waiting for ever."""
    for _ in range(300):
        with stop_on_signals(Stop()) as stop:
            sender = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGTERM))
            sender.start()
            assert stop.wait(PATIENCE)
            sender.join()


def test_asking_takes_no_lock_that_the_interrupted_thread_may_hold() -> None:
    with stop_on_signals(Stop()) as stop, vars(stop._event)["_cond"]:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigpending()  # the handler has run by now, or it would never return
    assert stop.wait(PATIENCE)


def test_what_is_to_be_called_is_called_when_a_signal_asks() -> None:
    called = threading.Event()
    with stop_on_signals(Stop()) as stop, stop.calling(called.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert called.wait(PATIENCE)


def test_the_second_signal_goes_to_whoever_had_it_before() -> None:
    with pytest.raises(KeyboardInterrupt), stop_on_signals(Stop()) as stop:  # noqa: PT012 - the second is the point
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(PATIENCE)
        signal.raise_signal(signal.SIGINT)


def test_nothing_is_left_behind() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    for _ in range(20):
        with stop_on_signals(Stop()):
            pass
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
