from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from twinpool_services.lab.undisturbed import undisturbed


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interruption_is_heard_once_the_work_is_done() -> None:
    done = []

    def work() -> None:
        interrupt()
        interrupt()
        done.append("work")

    with pytest.raises(KeyboardInterrupt):
        undisturbed(work)

    assert done == ["work"]


def test_what_the_work_returns_or_raises_is_passed_on() -> None:
    assert undisturbed(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        undisturbed(lambda: 1 // 0)


def test_after_the_work_interruptions_are_heard_at_once_again() -> None:
    undisturbed(lambda: None)

    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_in_other_threads_the_work_is_simply_done() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(undisturbed, lambda: 7).result() == 7
