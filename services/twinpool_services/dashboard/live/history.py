"""What the front ends of two pools remember of a module, put together; asked for seldom, and once for all who look."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from twinpool.vocabulary.names import Stream
from twinpool_services.dashboard.drawing.time_range import TimeRange
from twinpool_services.dashboard.live.asking import Asking
from twinpool_services.dashboard.live.scene import Scene
from twinpool_services.frontend.context import Context
from twinpool_services.frontend.series_documents import HappeningDocument, Numbers, SeriesDocument
from twinpool_services.frontend.series_reading import read_series
from twinpool_services.telemetry import ROUTE_COLUMNS, STREAM_COLUMNS, Merging, Range

LEAST_AGE = 3.0  #: seconds after which it is asked for again at the earliest
MOST_KEPT = 32

_ADDED = {column.name for column in (*ROUTE_COLUMNS, *STREAM_COLUMNS) if column.merging is Merging.RATE}


@dataclass(frozen=True, slots=True)
class Way:
    """A stream from one pool to another."""

    stream: Stream
    source: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A module on its way, over a range."""

    shown: Range
    sent: Numbers  #: by the exporting pool; empty if none of its front ends remembers anything
    imported: Numbers  #: by the importing pool
    happenings: tuple[tuple[str, HappeningDocument], ...]  #: each with the front end that told of it; newest first
    told_by: tuple[str, ...]  #: front ends
    kept_since: float | None  #: nobody remembers anything from before


@dataclass(slots=True)
class _Kept:
    """A past, and what was made of it."""

    at: float
    past: Past
    page: str | None = None


class History:
    """Asks, and remembers the answers for a moment, and what is drawn of them. Safe to use from many threads."""

    def __init__(self, here: Context, clock: Callable[[], float] = time.time) -> None:
        """Have asked nothing yet."""
        self._here, self._clock = here, clock
        self._guard = threading.Lock()
        self._asking: Asking | None = None
        self._kept: OrderedDict[tuple[Way, TimeRange], _Kept] = OrderedDict()

    def drawn(self, scene: Scene, way: Way, wanted: TimeRange, draw: Callable[[Past], str]) -> str:
        """Return what `draw` makes of what is remembered by all who answer: once of each past. Blocks."""
        with self._guard:
            kept = self._newest(scene, way, wanted)
            if kept.page is None:
                kept.page = draw(kept.past)
            return kept.page

    def _newest(self, scene: Scene, way: Way, wanted: TimeRange) -> _Kept:
        now, shown = self._clock(), wanted.at(self._clock())
        known = self._kept.get((way, wanted))
        if known is not None and now - known.at < max(LEAST_AGE, shown.step):
            return known
        found = _Kept(now, put_together(way, shown, self._ask(scene, way, shown)))
        self._kept[way, wanted] = found
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return found

    def close(self) -> None:
        """Let go of connections."""
        with self._guard:
            if self._asking is not None:
                self._asking.close()
                self._asking = None

    def _ask(self, scene: Scene, way: Way, shown: Range) -> list[SeriesDocument]:
        if self._asking is None:
            self._asking = Asking(self._here)
        pools = [pool for pool in scene.pools if pool.fqdn in {way.source, way.destination}]
        others = [
            self._here.deployment.front_end(each.name)
            for pool in pools
            for each in pool.front_ends
            if each.answers and each.name != self._here.front_end.name
        ]
        path = f"/v1/homes/{way.stream.home}/modules/{way.stream.module}/series"
        query = {"begins": shown.begins, "ends": shown.ends, "step": shown.step}
        told = self._asking.read(others, path, query, SeriesDocument)
        if any(each.fqdn == self._here.pool.fqdn for each in pools):
            told.append(read_series(self._here, way.stream, shown))
        return told


def put_together(way: Way, shown: Range, told: Sequence[SeriesDocument]) -> Past:
    """Put together what several front ends remember: what each counted is added, what all have read is the same."""
    sent = [
        route.numbers
        for each in told
        if each.pool_fqdn == way.source
        for route in each.routes
        if route.destination == way.destination
    ]
    imported = [each.stream for each in told if each.pool_fqdn == way.destination and each.stream is not None]
    happenings = [
        (each.front_end, happening)
        for each in told
        for happening in each.happenings
        if happening.at < shown.ends + shown.step and happening.destination in {None, way.destination}
    ]
    return Past(
        shown=shown,
        sent=_together(sent),
        imported=_together(imported),
        happenings=tuple(sorted(happenings, key=lambda pair: -pair[1].at)),
        told_by=tuple(sorted(each.front_end for each in told)),
        kept_since=min((each.kept_since for each in told), default=None),
    )


def _together(parts: Sequence[Numbers]) -> Numbers:
    names = {name: None for part in parts for name in part}
    return {name: [_one(name, column) for column in zip(*_columns(parts, name), strict=True)] for name in names}


def _columns(parts: Sequence[Numbers], name: str) -> list[list[float | None]]:
    return [part[name] for part in parts if name in part]


def _one(name: str, numbers: Iterable[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    if not known:
        return None
    return sum(known) if name in _ADDED else max(known)
