"""Numbers over time, as lines and as bands. Lines differ by their dashes too, bands by the mark that they bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup

from twinpool_services.dashboard.drawing.marks import mark
from twinpool_services.dashboard.drawing.scales import round_up, times
from twinpool_services.dashboard.drawing.states import WORDS_OF
from twinpool_services.dashboard.drawing.svg import tag
from twinpool_services.telemetry import Range

WIDTH, HEIGHT = 640, 210
LEFT, RIGHT, TOP, BOTTOM = 76, 12, 12, 30
BAND, BAND_GAP = 30, 8  #: heights

Numbers = Sequence[float | None]
Words = Callable[[float | None], str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart."""

    name: str
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What one chart shows."""

    name: str  #: tells the charts of a page apart
    title: str
    about: str  #: what exactly is measured
    lines: tuple[Line, ...]
    words: Words  #: writes a number with its unit
    side: Words  #: writes it at the side of the chart, whose title may have the unit

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the whole range."""
        return all(number is None for line in self.lines for number in line.numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A row of states."""

    name: str
    states: Sequence[str | None]


def newest(numbers: Numbers) -> float | None:
    """Return the last number that is known."""
    return next((number for number in reversed(numbers) if number is not None), None)


def draw_lines(chart: Chart, shown: Range) -> Markup:
    """Draw the lines of a chart."""
    highest = max((number for line in chart.lines for number in line.numbers if number is not None), default=0.0)
    top = round_up(highest)
    lines = [tag("path", d=_path(line.numbers, top), cls=f"series series-{at}") for at, line in enumerate(chart.lines)]
    sides = [_side(top * share, share, chart.side) for share in (0.0, 0.5, 1.0)]
    return _picture(chart.title, HEIGHT, [*sides, *_below(shown, HEIGHT), *lines])


def draw_bands(title: str, bands: Sequence[Band], shown: Range) -> Markup:
    """Draw states over time, a row each."""
    height = TOP + len(bands) * (BAND + BAND_GAP) + BOTTOM
    parts: list[Markup] = []
    for at, band in enumerate(bands):
        y = TOP + at * (BAND + BAND_GAP)
        parts.append(tag("text", band.name, x=LEFT - 8, y=y + BAND / 2 + 5, text_anchor="end"))
        parts += _spans(band, y)
    return _picture(title, height, [*parts, *_below(shown, height)])


def swatch(at: int) -> Markup:
    """Draw a piece of a line, for the legend."""
    line = tag("path", d="M1 6H33", cls=f"series series-{at}")
    return tag(
        "svg", line, cls="swatch", view_box="0 0 34 12", width=34, height=12, aria_hidden="true", focusable="false"
    )


def _picture(title: str, height: float, parts: Sequence[Markup]) -> Markup:
    return tag("svg", *parts, cls="chart", view_box=f"0 0 {WIDTH} {height:.0f}", role="img", aria_label=title)


def _x(at: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / max(1, count)


def _path(numbers: Numbers, top: float) -> str:
    """Return the strokes of a line, broken where nothing is known; a single number is a dot."""
    depth = HEIGHT - TOP - BOTTOM
    strokes: list[str] = []
    begins = True
    for at, number in zip(_places(len(numbers)), numbers, strict=True):
        if number is None:
            begins = True
            continue
        y = TOP + depth - int(depth * number / top)
        strokes.append(f"M{at} {y}h.1" if begins else f"L{at} {y}")
        begins = False
    return "".join(strokes)


@lru_cache(maxsize=64)
def _places(count: int) -> tuple[int, ...]:
    """Return where the numbers of a line stand."""
    return tuple(round(_x(at, count)) for at in range(count))


def _side(number: float, share: float, words: Words) -> Markup:
    y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)
    grid = tag("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", cls="grid")
    return tag("g", grid, tag("text", words(number), x=LEFT - 8, y=y + 4.5, text_anchor="end"))


def _below(shown: Range, height: float) -> Iterator[Markup]:
    found = list(times(shown.begins, shown.ends))
    for nth, (at, words) in enumerate(found):
        x = LEFT + (WIDTH - LEFT - RIGHT) * (at - shown.begins) / max(1, shown.ends - shown.begins)
        anchor = "end" if x > WIDTH - 40 else "middle"
        tick = tag("path", d=f"M{x:.1f} {height - BOTTOM}v5", cls="grid")
        yield tag("g", tick, tag("text", words, x=x, y=height - 9, text_anchor=anchor), cls="odd" if nth % 2 else None)


def _spans(band: Band, y: float) -> Iterator[Markup]:
    count = len(band.states)
    for state, group in groupby(enumerate(band.states), key=lambda each: each[1]):
        steps = [at for at, _ in group]
        if state is None:
            continue
        x, width = _x(steps[0], count), _x(steps[-1] + 1, count) - _x(steps[0], count)
        parts = [tag("rect", x=x, y=y, width=max(width, 0.8), height=BAND, cls=f"band band-{state.lower()}")]
        if width >= 24:
            parts.append(mark(state, x + 5, y + BAND / 2 - 7))
        words = WORDS_OF[state]
        if width >= 30 + 9 * len(words):
            parts.append(tag("text", words, x=x + 24, y=y + BAND / 2 + 5, cls="in-band"))
        yield tag("g", *parts)
