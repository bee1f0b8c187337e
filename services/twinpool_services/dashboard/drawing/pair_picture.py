"""A pair as a picture: two pools, and between them an arrow for each module and direction.

It is drawn twice, wide and narrow, for a picture that shrinks to a phone's width cannot be read; styles show one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from twinpool_services.dashboard.drawing.figures import amount, span
from twinpool_services.dashboard.drawing.marks import mark
from twinpool_services.dashboard.drawing.pair_view import Flow, PairView, PoolView
from twinpool_services.dashboard.drawing.states import WORDS_OF
from twinpool_services.dashboard.drawing.svg import tag
from twinpool_services.dashboard.drawing.times import age_in_svg

LINE = 22  #: height of a line of text
PAD = 16  #: inside a box
ROW, TALL_ROW = 58, 62  #: heights of an arrow with its words, wide and narrow


@dataclass(frozen=True, slots=True)
class _Box:
    """Where a pool is drawn."""

    x: float
    y: float
    width: float
    height: float


def wide_picture(view: PairView, name: str) -> Markup:
    """Draw the pools side by side. `name` tells the pictures of a page apart."""
    width, box_width = 1180.0, 330.0
    if view.second is None:
        height = _height(view.first)
        box = _pool(view.first, _Box(1, 1, box_width, height))
        return _picture(view, name, "wide", (box_width + 2, height + 2), [box])
    height = max(_height(view.first), _height(view.second), ROW * len(view.flows) + 8)
    left, right = _Box(1, 1, box_width, height), _Box(width - box_width - 1, 1, box_width, height)
    top = 1 + (height - ROW * len(view.flows)) / 2
    arrows = [
        _wide_flow(flow, (left.x + box_width + 14, right.x - 14), top + ROW * at, view)
        for at, flow in enumerate(view.flows)
    ]
    return _picture(
        view, name, "wide", (width, height + 2), [_pool(view.first, left), _pool(view.second, right), *arrows]
    )


def narrow_picture(view: PairView, name: str) -> Markup:
    """Draw the pools one below the other."""
    width = 360.0
    parts = [_pool(view.first, _Box(1, 1, width - 2, _height(view.first)))]
    y = _height(view.first) + 14
    for flow in view.flows:
        parts.append(_narrow_flow(flow, y, view))
        y += TALL_ROW
    if view.second is not None:
        parts.append(_pool(view.second, _Box(1, y, width - 2, _height(view.second))))
        y += _height(view.second) + 2
    return _picture(view, name, "narrow", (width, y), parts)


def _picture(view: PairView, name: str, kind: str, size: tuple[float, float], parts: Sequence[Markup]) -> Markup:
    both = (
        f"{view.first.fqdn} and {view.second.fqdn}" if view.second else f"{view.first.fqdn}, which has no backup pool"
    )
    title = tag("title", both, id=f"{name}-{kind}-title")
    told = tag("desc", " ".join(_told(view)), id=f"{name}-{kind}-told")
    return tag(
        "svg",
        title,
        told,
        *parts,
        cls=f"pair {kind}",
        view_box=f"0 0 {size[0]:.0f} {size[1]:.0f}",
        role="img",
        aria_labelledby=f"{name}-{kind}-title {name}-{kind}-told",
    )


def _told(view: PairView) -> Iterator[str]:
    """Say what the picture shows, for those who hear it; the table says it in full."""
    for pool in (view.first, view.second):
        if pool is not None:
            active = next((each.name for each in pool.front_ends if each.state == "ok"), "")
            living = f"{active} is active" if active else "no front end is active"
            yield f"{pool.fqdn}: {living if pool.answers else 'it is dead'}."
    for flow in view.flows:
        yield f"{flow.name} from {flow.source} to {flow.destination}: {WORDS_OF[flow.state]}, {flow.pending} pending."


# ── a pool ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _height(pool: PoolView) -> float:
    lines = 1 + len(list(_standing(pool, 0, 0))) + len(pool.front_ends) + len(pool.health)
    return PAD * 2 + LINE * lines + 26


def _pool(pool: PoolView, box: _Box) -> Markup:
    y = box.y + PAD + 15
    parts = [tag("text", pool.fqdn, x=box.x + PAD, y=y, cls="name")]
    y += LINE + 2
    for line in _standing(pool, box.x + PAD, y):
        parts.append(line)
        y += LINE
    y += 8
    for front_end in pool.front_ends:
        parts.append(_line(box, y, front_end.state, front_end.short, front_end.words))
        y += LINE
    parts.append(tag("path", d=f"M{box.x + PAD:.0f} {y - 10:.0f}h{box.width - 2 * PAD:.0f}", cls="rule"))
    y += 8
    for health in pool.health:
        parts.append(_line(box, y, health.state, health.what, health.words))
        y += LINE
    frame = tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=12, cls="frame")
    return tag("g", frame, *parts, cls="pool" if pool.answers else "pool dead")


def _standing(pool: PoolView, x: float, y: float) -> Iterator[Markup]:
    """Yield a line each: that it is dead, and what it serves."""
    if not pool.answers:
        heard = age_in_svg(pool.last_heard, "never heard of")
        words = "Dead: last heard " if pool.last_heard else "Dead: "
        yield tag("g", mark("bad", x, y - 12, 15), tag("text", tag("tspan", words, cls="strong"), heard, x=x + 24, y=y))
        y += LINE
    for at, each in enumerate(pool.serves):
        words = f" · term {each.term}{', read-only' if each.read_only else ''}"
        parts = tag("tspan", "serves ", cls="faint"), tag("tspan", each.home, cls="strong"), words
        yield tag("text", *parts, x=x, y=y + LINE * at)
    if not pool.serves:
        yield tag("text", "serves no home", x=x, y=y, cls="faint")


def _line(box: _Box, y: float, state: str, what: str, words: str) -> Markup:
    room = int((box.width - 2 * PAD - 24) / 7.4) - len(what) - 2
    shown = words if len(words) <= room else f"{words[: room - 1]}…"
    said = tag("text", tag("tspan", what, cls="strong"), f" {shown}", x=box.x + PAD + 24, y=y)
    return tag("g", mark(state, box.x + PAD, y - 12, 15), said)


# ── an arrow ────────────────────────────────────────────────────────────────────────────────────────────────────


def _wide_flow(flow: Flow, ends: tuple[float, float], top: float, view: PairView) -> Markup:
    left, right = ends
    y = top + 31
    to_right = flow.source == view.first.fqdn
    start, tip, back = (left, right, -11) if to_right else (right, left, 11)
    line = tag("path", d=f"M{start:.0f} {y:.0f}H{tip + back * 0.7:.1f}", cls="line")
    head = tag("path", d=f"M{tip:.1f} {y:.1f}l{back} -6.5v13Z", cls="head")
    above = [
        mark(flow.state, left + 4, y - 24, 15),
        tag("text", tag("tspan", flow.name, cls="strong"), f" · {WORDS_OF[flow.state]}", x=left + 25, y=y - 11),
        tag("text", _figures(flow), x=right - 4, y=y - 11, text_anchor="end"),
    ]
    below = tag("text", *_proof(flow), x=(left + right) / 2, y=y + 18, text_anchor="middle", cls="faint small")
    return tag("g", line, head, *above, below, cls=f"flow flow-{flow.state.lower()}")


def _narrow_flow(flow: Flow, top: float, view: PairView) -> Markup:
    x = 22.0
    down = flow.source == view.first.fqdn
    start, tip, back = (top, top + TALL_ROW - 12, -10) if down else (top + TALL_ROW - 12, top, 10)
    figures = _figures(flow)
    line = tag("path", d=f"M{x:.0f} {start:.1f}V{tip + back * 0.7:.1f}", cls="line")
    head = tag("path", d=f"M{x:.0f} {tip:.1f}l-6.5 {back}h13Z", cls="head")
    words = [
        mark(flow.state, 42, top + 1, 14),
        tag("text", tag("tspan", flow.name, cls="strong"), f" · {WORDS_OF[flow.state]}", x=62, y=top + 13),
        *([tag("text", figures, x=42, y=top + 31)] if figures else []),
        tag("text", *_proof(flow), x=42, y=top + (48 if figures else 31), cls="faint small"),
    ]
    return tag("g", line, head, *words, cls=f"flow flow-{flow.state.lower()}")


def _figures(flow: Flow) -> str:
    if flow.state == "unknown":
        return ""
    if not flow.pending:
        return "nothing pending"
    return f"{amount(flow.pending)} pending · lag {span(flow.lag)}"


def _proof(flow: Flow) -> tuple[str | Markup, ...]:
    if flow.state == "unknown":
        return "last told ", age_in_svg(flow.told_at)
    if flow.proven_at is None:
        return ("never proven",)
    return "proven ", age_in_svg(flow.proven_at)
