"""The timeline as SVG: faults, load, lag, states, who served, who was active; one below the other over one axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from twinpool_services.chaos.history import History, Outcome
from twinpool_services.chaos.report.series import (
    STEP,
    Span,
    actives_of,
    end_of,
    lag_of,
    load_of,
    serving_of,
    states_of,
)

WIDTH, LEFT, RIGHT = 1080, 150, 20
ROW, GAP, PLOT = 20, 6, 90  #: heights of a row, of the space under it, of a plot

COLOURS = {
    "ok": "#2e8b57",
    "failed": "#d9a400",
    "unknown": "#8a8f98",
    "FinalState": "#2e8b57",
    "SteadyState": "#8fbf6b",
    "NonSteadyState": "#e0a030",
    "ErrorState": "#c8453b",
    "NotInitialized": "#c4c9d1",
    "silent": "#ececf0",
}
FAULT, MOVE = "#f3c6c2", "#c9d8f4"
SERVING = ("#4a78c0", "#8a63b5", "#3f9aa6", "#b0706a")
MOVES = ("failover", "disaster", "failback")


class Picture:
    """Draws a history, row by row."""

    def __init__(self, history: History) -> None:
        """Prepare."""
        self._history, self._end = history, end_of(history)
        self._y = 26
        self._parts: list[str] = []
        self._hues: dict[str, str] = {}

    def svg(self) -> str:
        """Return the whole picture."""
        pools = sorted({one.pool for sample in self._history.samples for one in sample.pools})
        self._faults()
        self._load()
        for pool in pools:
            self._lag(pool)
        for pool in pools:
            self._row(f"state {pool}", states_of(self._history, pool), COLOURS)
        for home in self._history.homes:
            self._row(f"served {home}", serving_of(self._history, home))
        for pool in pools:
            self._row(f"active {pool}", actives_of(self._history, pool))
        height = self._y + 8
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="Timeline of the run" font-family="sans-serif" font-size="12">'
            f"{''.join(self._axis(height))}{''.join(self._parts)}</svg>"
        )

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────

    def _faults(self) -> None:
        faults = sorted(self._history.faults, key=lambda span: span.began)
        for fault in faults or []:
            colour = MOVE if fault.kind in MOVES else FAULT
            self._label(fault.kind)
            self._bar(Span(began=fault.began, ended=max(fault.ended, fault.began + 0.05), word=""), colour)
            self._text(min(self._x(fault.began) + 4, WIDTH - 330), f"{fault.fault.partition(' ')[2]} {fault.said}"[:56])
            self._next(ROW)

    def _load(self) -> None:
        counts = load_of(self._history)
        most = max([1, *map(sum, zip(*counts.values(), strict=True))])
        self._plot_frame("writes / s", f"{most / STEP:.0f}")
        width = max(1.0, self._x(STEP) - self._x(0) - 1)
        for step, columns in enumerate(zip(*(counts[outcome] for outcome in Outcome), strict=True)):
            top = float(self._y + PLOT)
            for outcome, count in zip(Outcome, columns, strict=True):
                height = PLOT * count / most
                if height:
                    top -= height
                    left = self._x(step * STEP)
                    self._rect(left, top, min(width, WIDTH - RIGHT - left), height, COLOURS[outcome])
        self._next(PLOT)

    def _lag(self, pool: str) -> None:
        points = lag_of(self._history, pool)
        most = max([1, *(pending for _, pending in points)])
        height = PLOT / 2
        self._plot_frame(f"pending {pool}", str(most), height)
        line = " ".join(f"{self._x(at):.1f},{self._y + height - height * pending / most:.1f}" for at, pending in points)
        self._parts.append(f'<polyline points="{line}" fill="none" stroke="#4a78c0" stroke-width="1.5"/>')
        self._next(height)

    def _row(self, label: str, spans: Sequence[Span], colours: dict[str, str] | None = None) -> None:
        self._label(label)
        for span in spans:
            colour = (colours or {}).get(span.word) or self._hue(span.word)
            self._bar(span, colour)
            room = self._x(span.ended) - self._x(span.began)
            text = span.word if room > 7 * len(span.word) else ""
            dark = span.word in {"silent", "NotInitialized"}
            self._text(self._x(span.began) + 4, text, "#333" if dark else "#fff")
        self._next(ROW)

    # ── strokes ─────────────────────────────────────────────────────────────────────────────────────────────

    def _axis(self, height: int) -> Iterator[str]:
        step = next(one for one in (1, 2, 5, 10, 30, 60, 300, 1800, 7200) if self._end / one <= 24 or one == 7200)
        for number in range(int(self._end / step) + 1):
            x = self._x(number * step)
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{height - 8}" stroke="#e4e6ea"/>'
            yield f'<text x="{x:.1f}" y="14" text-anchor="middle" fill="#666">{number * step} s</text>'

    def _plot_frame(self, label: str, most: str, height: float = PLOT) -> None:
        self._label(label)
        self._parts.append(f'<text x="{LEFT - 6}" y="{self._y + 28}" text-anchor="end" fill="#888">max {most}</text>')
        self._rect(LEFT, self._y + height, WIDTH - LEFT - RIGHT, 1, "#c4c9d1")

    def _label(self, text: str) -> None:
        self._parts.append(
            f'<text x="{LEFT - 6}" y="{self._y + 14}" text-anchor="end" fill="#222">{escape(text)}</text>'
        )

    def _text(self, x: float, text: str, colour: str = "#333") -> None:
        if text:
            self._parts.append(f'<text x="{x:.1f}" y="{self._y + 14}" fill="{colour}">{escape(text)}</text>')

    def _bar(self, span: Span, colour: str) -> None:
        self._rect(self._x(span.began), self._y, max(2.0, self._x(span.ended) - self._x(span.began)), ROW, colour)

    def _rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def _hue(self, word: str) -> str:
        name = word.partition(" ")[0]
        return self._hues.setdefault(name, SERVING[len(self._hues) % len(SERVING)])

    def _x(self, at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(at, 0.0), self._end) / self._end

    def _next(self, height: float) -> None:
        self._y = int(self._y + height + GAP)
