"""Carries out a timeline: begins each fault when its time has come, and takes back all that were begun."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from twinpool.errors import TwinpoolError
from twinpool_services.chaos.faults.fault import Active
from twinpool_services.chaos.faults.registry import FAULTS, MOVES
from twinpool_services.chaos.history import FaultSpan
from twinpool_services.chaos.scenario.model import Fault
from twinpool_services.chaos.scenario.planning import Plan
from twinpool_services.chaos.stage import Stage

MOST_MOVES = 6  #: and faults that are being taken back, at the same time


class Timeline:
    """The faults of one run."""

    def __init__(self, stage: Stage, plan: Plan, clock: Callable[[], float], note: Callable[[FaultSpan], None]) -> None:
        """Prepare."""
        self._stage, self._plan, self._clock, self._note = stage, plan, clock, note
        self._pause = threading.Event()
        self._began: dict[int, tuple[Fault, float, Active]] = {}
        self.failures: list[str] = []  #: what could not be done

    def run(self) -> None:
        """Go through the timeline to the end of the load; afterwards nothing is broken any more."""
        due: list[tuple[float, int, int, Fault | None]] = []
        order = itertools.count()
        for number, fault in enumerate(self._plan.faults):
            heapq.heappush(due, (fault.at, next(order), number, fault))
        moves: list[Future[None]] = []
        with ThreadPoolExecutor(MOST_MOVES, thread_name_prefix="operator") as operators:
            try:
                while due:
                    at, _, number, beginning = heapq.heappop(due)
                    self._pause.wait(max(0.0, at - self._clock()))
                    if beginning is None:  # It may take long, and the timeline goes on.
                        moves.append(operators.submit(self._take_back, number))
                    elif beginning.kind in MOVES:
                        moves.append(operators.submit(self._move, beginning))
                    elif self._begin(number, beginning):
                        heapq.heappush(due, (beginning.ends, next(order), number, None))
                self._pause.wait(max(0.0, self._plan.scenario.seconds - self._clock()))
            finally:
                wait(moves)
                for number in list(self._began):
                    self._take_back(number)
            for move in moves:
                move.result()

    def _begin(self, number: int, fault: Fault) -> bool:
        began = self._clock()
        try:
            self._began[number] = (fault, began, FAULTS[fault.kind](self._stage, fault, self._plan.seed))
        except TwinpoolError as error:
            self._failed(fault, began, error)
            return False
        return True

    def _take_back(self, number: int) -> None:
        fault, began, active = self._began.pop(number)
        try:
            said = active.take_back()
        except TwinpoolError as error:
            self._failed(fault, began, error)
            return
        self._note(FaultSpan(fault=str(fault), kind=fault.kind, began=began, ended=self._clock(), said=said))

    def _move(self, fault: Fault) -> None:
        began = self._clock()
        try:
            said = FAULTS[fault.kind](self._stage, fault, self._plan.seed).take_back()
        except TwinpoolError as error:
            self._failed(fault, began, error, counts=self._plan.scenario.expect.moves == "done")
            return
        if not said.startswith("done") and self._plan.scenario.expect.moves == "done":
            self.failures.append(f"{fault}: {said}")
        self._note(FaultSpan(fault=str(fault), kind=fault.kind, began=began, ended=self._clock(), said=said))

    def _failed(self, fault: Fault, began: float, error: TwinpoolError, *, counts: bool = True) -> None:
        if counts:
            self.failures.append(f"{fault}: {error}")
        self._note(
            FaultSpan(fault=str(fault), kind=fault.kind, began=began, ended=self._clock(), said=f"failed: {error}")
        )
