"""One run from its beginning to its end: the load, the watchers, and the wait until the partner has everything."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from twinpool.vocabulary.deployment import Deployment
from twinpool.vocabulary.names import FrontEndName, ModuleName
from twinpool.vocabulary.states import ExportState
from twinpool_services.lab import Display, Lab, ProcessState, Step, Watcher
from twinpool_services.load.drivers import Driver, ThroughHttp, ThroughStore
from twinpool_services.load.driving import SHOW_EVERY, Drive, Schedule
from twinpool_services.load.operations import NANO, operations
from twinpool_services.load.places import Places, find_places
from twinpool_services.load.profile import Profile
from twinpool_services.load.recording import Record
from twinpool_services.load.result import Run
from twinpool_services.load.watching import Sampler, observing
from twinpool_services.measuring.failing import MeasurementFailed
from twinpool_services.measuring.observing import Observer

GRACE = 10.0  #: seconds after its end in which a load that came too fast may still be written
IN_STEP = 60.0  #: seconds that a new lab may take until both pools have everything
FAREWELL = 2.0  #: seconds that a stopped run waits for what is on its way to the partner


class Through(enum.StrEnum):
    """How changes get to the pool."""

    HTTP = "http"
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be run."""

    profile: Profile
    deployment: Deployment
    pool: str | None = None
    through: Through = Through.HTTP
    workers: int = 16
    drain: float = 60.0  #: seconds that the partner may take for the rest
    grace: float = GRACE
    headers: Mapping[str, str] = field(default_factory=dict)  #: that show who we are
    processes: Mapping[FrontEndName, int] = field(default_factory=dict)  #: front ends on this machine

    def driver(self, places: Places) -> Driver:
        """Return the way to write."""
        return ThroughStore(places) if self.through is Through.STORE else ThroughHttp(places, self.workers)


def processes_of(lab: Lab) -> dict[FrontEndName, int]:
    """Return the front ends of a lab that run, with their process numbers."""
    found = {}
    for pool in lab.deployment.pools:
        for one in pool.front_ends:
            mark = lab.process(one.name).mark
            if mark is not None and lab.state(one.name) is not ProcessState.STOPPED:
                found[one.name] = mark.pid
    return found


def await_in_step(lab: Lab, shown: Display) -> None:
    """Wait until the partner of a new lab has everything, so that no lag counts what the start takes.

    Raises `MeasurementFailed`.
    """
    pool = lab.deployment.pools[0]

    def look() -> bool | None:
        said = watcher.status_of(pool.fqdn, pool.front_ends)
        return True if said and said["OverallExportStatus"] == ExportState.FINAL else None

    with shown.step("Until both pools are in step"), Watcher(lab.deployment) as watcher:
        if watcher.until(look, IN_STEP) is None:
            raise MeasurementFailed(f"{pool.fqdn} and its backup pool are not in step within {IN_STEP:.0f} s")


def run_load(order: Order, shown: Display, *, meanwhile: Callable[[Schedule], None] | None = None) -> Run:
    """Put a load on a pool and return what was seen; a run that is interrupted returns what there is so far.

    `meanwhile` is done in a thread of its own, for those who break something under the load.
    Raises `InvalidParameter`, `NotFound`, `PoolUnreachable`, `StoreUnavailable`.
    """
    places = find_places(order.deployment, order.pool, order.headers)
    record, stop = Record(list(order.profile.mix)), threading.Event()
    interrupted = False
    in_store = order.through is Through.STORE
    with observing(places, record.modules, in_store=in_store) as observers:
        schedule = Schedule(operations(order.profile), stop)
        sampler = Sampler(places, order.processes, lambda: schedule.began_ns)
        with sampler.running():
            try:
                _drive(order, Drive(schedule, order.driver(places), record), schedule, stop, shown, meanwhile)
            except KeyboardInterrupt:
                interrupted = True
            ended_ns = schedule.elapsed_ns if interrupted or not record else max(record.answered_ns)
            record.not_sent = schedule.overdue()
            _drain(record, observers, FAREWELL if interrupted else order.drain, shown)
    return Run(
        shapes=order.profile.shapes,
        record=record,
        seen={module: observer.seen for module, observer in observers.items()},
        samples=sampler.samples,
        began_ns=schedule.began_ns,
        ended_ns=ended_ns,
        stopped=interrupted,
    )


def _drive(
    order: Order,
    drive: Drive,
    schedule: Schedule,
    stop: threading.Event,
    shown: Display,
    meanwhile: Callable[[Schedule], None] | None,
) -> None:
    seconds = order.profile.seconds
    with ExitStack() as ending, shown.step("Load", total=round(seconds)) as step:
        ending.enter_context(_beside(meanwhile, schedule))
        schedule.began_ns = time.monotonic_ns()
        with drive.running():
            try:
                while not drive.is_done(SHOW_EVERY):
                    elapsed = schedule.elapsed_ns / NANO
                    step.show(min(round(elapsed), round(seconds)), round(seconds))
                    if elapsed > seconds + order.grace:
                        stop.set()
            finally:
                stop.set()
        step.outcome = f"{schedule.elapsed_ns / NANO:.1f} s"


@contextmanager
def _beside(act: Callable[[Schedule], None] | None, schedule: Schedule) -> Iterator[None]:
    """Do something in a thread of its own while the block runs. Raises what it raised."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            if act is not None:
                act(schedule)
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failures.append(error)

    thread = threading.Thread(target=work, name="meanwhile", daemon=True)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]


def _drain(record: Record, observers: Mapping[ModuleName, Observer], seconds: float, shown: Display) -> None:
    """Wait until the partner has imported all that was answered, or the time is over."""
    last, deadline = record.last_positions(), time.monotonic() + seconds
    pause = threading.Event()

    def missing() -> list[ModuleName]:
        return [module for module, position in last.items() if observers[module].position < position]

    with shown.step("Waiting for the partner") as step:
        while missing() and time.monotonic() < deadline:
            _show_missing(step, last, observers)
            pause.wait(0.05)
        step.outcome = f"{', '.join(missing())} not imported" if missing() else "it has everything"


def _show_missing(step: Step, last: Mapping[ModuleName, int], observers: Mapping[ModuleName, Observer]) -> None:
    step.show(0, None, f"({sum(max(0, last[module] - observers[module].position) for module in last):,} positions)")
