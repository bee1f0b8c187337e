"""Trying again, by named policies: what is tried again on which errors, with which pauses, for how long.

The only importer of tenacity. Pauses grow and are drawn at random below their bound, so that many who lost the same
server do not come back to it in step. Whoever waits here can be asked to stop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import tenacity

from twinpool.errors import BrokerUnreachable, StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")


class Interruption(Protocol):
    """Whatever can cut a pause short: a `Stop`, a `threading.Event`."""

    def wait(self, seconds: float, /) -> bool:
        """Wait until asked to stop or the time is over; True if asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """An attempt that failed and will be made again."""

    policy: str  #: name of the policy
    attempt: int  #: number of the attempt that failed; the first is 1
    pause: float  #: seconds until the next
    error: BaseException


def log_setback(setback: Setback) -> None:
    """Leave a word in the log; the default hook."""
    extra = {"event": f"{setback.policy}.retry", "attempt": setback.attempt, "pause": round(setback.pause, 3)}
    log.info("%s: attempt %d failed: %s", setback.policy, setback.attempt, setback.error, extra=extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How something is tried again."""

    name: str  #: stands in the log
    on: tuple[type[Exception], ...]  #: errors that are worth another attempt; every other ends it
    first_pause: float  #: seconds; the least there ever is between two attempts
    longest_pause: float  #: seconds; pauses grow up to this
    at_most: float | None = None  #: seconds after which no further attempt is begun; None: never gives up

    def call(
        self,
        action: Callable[[], T],
        interruption: Interruption,
        on_setback: Callable[[Setback], None] = log_setback,
    ) -> T:
        """Do something until it succeeds.

        Raises the last error when the time is over or somebody asks to stop, and any error that is not in `on`.
        """

        def pause(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            if error is None or state.next_action is None:
                return
            seconds = state.next_action.sleep
            on_setback(Setback(policy=self.name, attempt=state.attempt_number, pause=seconds, error=error))
            if interruption.wait(seconds):
                raise error

        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(self.on),
            wait=self._pauses(),
            stop=tenacity.stop_never if self.at_most is None else tenacity.stop_after_delay(self.at_most),
            before_sleep=pause,
            sleep=lambda _seconds: None,  # `pause` has waited, so that it could be cut short.
            reraise=True,
        )
        return attempts(action)

    def _pauses(self) -> tenacity.wait.wait_base:
        return tenacity.wait_random_exponential(
            multiplier=2 * self.first_pause, max=self.longest_pause, min=self.first_pause
        )


#: For a link to the broker: never gives up, and notices within seconds that the broker is back.
RECONNECT = Policy(name="broker.connect", on=(BrokerUnreachable,), first_pause=0.1, longest_pause=3.0)

#: For a store that does not answer for a moment: a server that restarts, a file that somebody else writes.
STORE_HICCUP = Policy(name="store", on=(StoreUnavailable,), first_pause=0.05, longest_pause=1.0, at_most=10.0)
