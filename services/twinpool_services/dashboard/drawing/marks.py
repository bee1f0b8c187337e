"""The marks of states: a shape each, so that they can be told without colours."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from twinpool_services.dashboard.drawing.svg import tag

_TICK = tag("path", d="M4.4 8.2 7 10.8l4.7-5.2", fill="none", cls="cut")
_BANG = tag("path", d="M8 6v4M8 11.5v1.3", fill="none", cls="stroke")
_TRIANGLE = tag("path", d="M8 1.2 15.2 14.4H.8Z", fill="none", cls="stroke")
_CROSS = tag("path", d="m5 5 6 6m0-6-6 6", fill="none", cls="cut")
_DISC = tag("circle", cx=8, cy=8, r=7, cls="fill")
_SQUARE = tag("rect", x=1, y=1, width=14, height=14, rx=2, cls="fill")

_SHAPES: dict[str, tuple[Markup, ...]] = {
    "finalstate": (_DISC, _TICK),
    "normalstate": (_DISC, _TICK),
    "ok": (_DISC, _TICK),
    "steadystate": (
        tag("circle", cx=8, cy=8, r=6, fill="none", cls="stroke"),
        tag("circle", cx=8, cy=8, r=3, cls="fill"),
    ),
    "nonsteadystate": (_TRIANGLE, _BANG),
    "warning": (_TRIANGLE, _BANG),
    "errorstate": (_SQUARE, _CROSS),
    "bad": (_SQUARE, _CROSS),
    "notinitialized": (tag("circle", cx=8, cy=8, r=6, fill="none", cls="stroke", stroke_dasharray="2 2.2"),),
    "unknown": (tag("circle", cx=8, cy=8, r=6, fill="none", cls="stroke", stroke_dasharray="2 2.2"),),
    "standby": (tag("circle", cx=8, cy=8, r=6, fill="none", cls="stroke"),),
}


@lru_cache(maxsize=512)
def mark(word: str, x: float | None = None, y: float | None = None, size: float = 14) -> Markup:
    """Draw the mark of a state; `word` in any case. Beside it stands the word, so that nobody has to read it out."""
    return tag(
        "svg",
        *_SHAPES[word.lower()],
        cls=f"mark mark-{word.lower()}",
        view_box="0 0 16 16",
        x=x,
        y=y,
        width=size,
        height=size,
        aria_hidden="true",
        focusable="false",
    )
