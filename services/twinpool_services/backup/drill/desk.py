"""The thread that plays a disaster failover on a throw-away copy of our store, when an operator has asked for it.

A drill is a document in the pool store: any front end takes the wish and shows how far it is, the active one carries
it out. One that a former active front end has begun is begun anew, on a new copy; what the former one has left of its
own is removed first.

Nothing of production is touched: the store is only read, files are only looked at, and what is promoted and written is
a copy that no other process knows of.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from twinpool.errors import Overtaken, Refused, StoreUnavailable
from twinpool.failover.drill import Drill, DrillStep, document_name, write_drill
from twinpool.ports.store import Store
from twinpool_services.backup.drill.rehearsal import Rehearsed, rehearse
from twinpool_services.backup.drill.wishes import newest_drill
from twinpool_services.backup.premises import Premises
from twinpool_services.backup.tenure import Tenure

log = logging.getLogger(__name__)

LOOK = 0.5  #: seconds between looks whether something is wished for
BREATH = 0.002  #: seconds left to the pool's ordinary work after each page of records that is read

NewCopy = Callable[[], AbstractContextManager[Store]]


class TenureOver(Exception):
    """Another front end goes on with the drill."""


class DrillDesk:
    """Carries out drills, one at a time. `run` is the body of its thread."""

    def __init__(self, premises: Premises, tenure: Tenure, new_copy: NewCopy) -> None:
        """Rehearse on what `new_copy` lends."""
        self._premises, self._tenure, self._new_copy = premises, tenure, new_copy

    def run(self) -> None:
        """Rehearse what is wished for until the tenure is over. Raises `LeaseLost`."""
        while not self._tenure.wait(LOOK):
            try:
                wish = self._wish()
                if wish is not None:
                    self._play(wish)
            except StoreUnavailable as error:
                log.warning("drill put off: %s", error, extra={"event": "drill.store_unavailable"})
            except TenureOver:
                return

    def _wish(self) -> Drill | None:
        try:
            wish = newest_drill(self._premises.store)
        except ValueError as error:
            log.warning("drill not understood: %s", error, extra={"event": "drill.unreadable"})
            return None
        return None if wish is None or wish.is_over else wish

    # ── one drill ───────────────────────────────────────────────────────────────────────────────────────────

    def _play(self, wish: Drill) -> None:
        log.info("drill %s begins", wish.identity, extra={"event": "drill.begun", "drill": wish.identity})
        now = replace(wish, step=DrillStep.COPYING, begun_at=self._premises.store.now())
        self._save(now)
        try:
            now = self._rehearsed(now)
        except (TenureOver, Overtaken):
            raise
        except (Refused, StoreUnavailable) as error:  # of the copy; of the production store the next note fails, too
            now = replace(now, step=DrillStep.FAILED, reason=f"{error}. {error.hint}")
        except Exception as error:  # A module's fault, say: it would end every tenure that tried again.
            log.exception("drill %s failed", now.identity, extra={"event": "drill.failed", "drill": now.identity})
            now = replace(now, step=DrillStep.FAILED, reason=f"it ended by a fault: {error!r}")
        now = replace(now, ended_at=self._premises.store.now())
        self._save(now)
        outcome = "passed" if now.has_passed else "not passed"
        extra = {"event": "drill.done", "drill": now.identity, "outcome": outcome}
        log.info("drill %s is over: %s", now.identity, outcome, extra=extra)

    def _rehearsed(self, now: Drill) -> Drill:
        premises, laps = self._premises, dict[str, float]()
        with _timed(laps, "discarded") as discarding, self._new_copy() as copy:
            laps["copied"] = discarding.begin_anew()
            self._save(replace(now, step=DrillStep.REHEARSING))
            shown = rehearse(
                copy, premises.deployment, premises.modules, now.home, premises.content, breathe=self._breathe
            )
            discarding.begin_anew()
        return _with(replace(now, step=DrillStep.DONE), shown, laps)

    def _breathe(self) -> None:
        """Leave the machine to replication for a moment. Raises `TenureOver`."""
        if self._tenure.wait(BREATH):
            raise TenureOver

    def _save(self, now: Drill) -> None:
        """Note how far it is. Raises `LeaseLost`, `StoreUnavailable`."""
        self._premises.store.save_operation(
            document_name(now.identity), write_drill(now), generation=self._tenure.generation
        )


class _Lap:
    def __init__(self) -> None:
        self._since = time.monotonic()

    def begin_anew(self) -> float:
        """Return the seconds since it began, and begin again."""
        now = time.monotonic()
        passed, self._since = now - self._since, now
        return passed


@contextmanager
def _timed(laps: dict[str, float], name: str) -> Iterator[_Lap]:
    """Note under a name how long it took from the last beginning to the end of the block."""
    lap = _Lap()
    yield lap
    laps[name] = lap.begin_anew()


def _with(now: Drill, shown: Rehearsed, laps: dict[str, float]) -> Drill:
    seconds = {"copied": laps["copied"], **shown.seconds, "discarded": laps["discarded"]}
    return replace(
        now,
        term=shown.term,
        plan=shown.plan,
        records=shown.records,
        complaints=shown.complaints,
        seconds={step: round(value, 3) for step, value in seconds.items()},
    )
