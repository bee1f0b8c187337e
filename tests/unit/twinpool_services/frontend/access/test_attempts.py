from __future__ import annotations

import pytest

from twinpool.errors import TooManyAttempts
from twinpool_services.frontend.access.attempts import AT_MOST, MOST_ADDRESSES, WITHIN, FailedAttempts


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fail(attempts: FailedAttempts, address: str, times: int = AT_MOST) -> None:
    for _ in range(times):
        attempts.check(address)
        attempts.note(address)


def test_an_address_that_was_wrong_too_often_waits_for_the_rest_of_the_span(clock: Clock) -> None:
    attempts = FailedAttempts(clock)
    fail(attempts, "192.0.2.1")
    clock.now += 20

    with pytest.raises(TooManyAttempts) as refused:
        attempts.check("192.0.2.1")
    assert refused.value.retry_after == WITHIN - 20

    clock.now += WITHIN
    fail(attempts, "192.0.2.1", 1)


def test_others_are_not_made_to_wait(clock: Clock) -> None:
    attempts = FailedAttempts(clock)
    fail(attempts, "192.0.2.1")

    attempts.check("192.0.2.2")
    attempts.check("")


def test_a_network_of_ipv6_counts_as_one_address(clock: Clock) -> None:
    attempts = FailedAttempts(clock)
    for number in range(AT_MOST):
        attempts.note(f"2001:db8::{number:x}")

    with pytest.raises(TooManyAttempts):
        attempts.check("2001:db8::ffff")
    attempts.check("2001:db8:0:1::1")


def test_however_many_addresses_try_memory_is_bounded(clock: Clock) -> None:
    attempts = FailedAttempts(clock)
    for number in range(MOST_ADDRESSES + 500):
        attempts.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")

    assert len(attempts) == MOST_ADDRESSES
