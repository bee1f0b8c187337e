"""Pictures of a run, by matplotlib: SVG to be put into pages, PNG to be looked at."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from twinpool_services.load.tables import Row, Tables, require_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATE_COLOURS: Mapping[str, str] = {
    "FinalState": "#2e7d32",
    "SteadyState": "#9ccc65",
    "NonSteadyState": "#f9a825",
    "ErrorState": "#c62828",
    "NotInitialized": "#bdbdbd",
}
WIDTH, HEIGHT = 9.0, 2.8  #: inches


def figure_of(draw: Callable[[Axes], None], *, width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return one picture. Raises `ExtraMissing`."""
    require_extra("matplotlib", "a plot")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y", alpha=0.3)
    draw(axes)
    return figure


def picture(figure: Figure, kind: str = "svg") -> bytes:
    """Return a picture as a file holds it; an SVG is the same whenever it is drawn."""
    from matplotlib import rc_context

    written = io.BytesIO()
    with rc_context({"svg.hashsalt": "twinpool"}):
        figure.savefig(written, format=kind, metadata={"Date": None} if kind == "svg" else None)
    text = written.getvalue()
    return b"\n".join(line.rstrip() for line in text.splitlines()) + b"\n" if kind == "svg" else text


def figures_of(tables: Tables) -> Mapping[str, Figure]:
    """Return the pictures of a run, by title; those for which nothing was seen are left out."""
    drawn = {"Throughput": figure_of(lambda axes: throughput(axes, tables.rows["timeline"]))}
    drawn["Time of a write"] = figure_of(lambda axes: percentiles(axes, tables.rows["timeline"], "write"))
    drawn["Replication lag"] = figure_of(lambda axes: percentiles(axes, tables.rows["timeline"], "lag"))
    if states := tables.rows["states"]:
        modules = sorted({str(row["module"]) for row in states})
        height = 1.1 + 0.4 * len(modules)
        drawn["Export state"] = figure_of(lambda axes: state_bars(axes, states, modules), height=height)
        drawn["Changes that are pending"] = figure_of(
            lambda axes: lines(axes, states, ("module", "pending"), "changes")
        )
    if processes := tables.rows["processes"]:
        drawn["Processor time of the front ends"] = figure_of(
            lambda axes: lines(axes, processes, ("front_end", "cpu_percent"), "% of a core")
        )
        drawn["Memory of the front ends"] = figure_of(
            lambda axes: lines(axes, processes, ("front_end", "rss_mb"), "MiB")
        )
    if queues := [row for row in tables.rows["queues"] if _is_used(row, tables.rows["queues"])]:
        drawn["Messages that wait in the broker"] = figure_of(
            lambda axes: lines(axes, queues, ("queue", "ready"), "messages")
        )
    return drawn


def throughput(axes: Axes, timeline: Sequence[Row]) -> None:
    """Draw what was offered, written and imported in each second."""
    at = _numbers(timeline, "at_s")
    axes.step(at, _numbers(timeline, "offered"), where="post", color="#9e9e9e", linewidth=2.5, label="offered")
    axes.step(at, _numbers(timeline, "achieved"), where="post", color="#1565c0", label="written")
    axes.step(at, _numbers(timeline, "imported"), where="post", color="#2e7d32", label="imported by the partner")
    if any(_numbers(timeline, "failed")):
        axes.step(at, _numbers(timeline, "failed"), where="post", color="#c62828", label="failed")
    _finish(axes, "changes a second")


def percentiles(axes: Axes, timeline: Sequence[Row], name: str) -> None:
    """Draw percentiles of a time, by the second in which the change was due."""
    shades = (("max", "#ffab91"), ("p99", "#e64a19"), ("p90", "#8e24aa"), ("p50", "#1565c0"))
    for figure, colour in shades:
        known = [row for row in timeline if row[f"{name}_{figure}_ms"] is not None]
        column = _numbers(known, f"{name}_{figure}_ms")
        axes.plot(_numbers(known, "at_s"), column, color=colour, label=figure, linewidth=1.4, marker=".", markersize=3)
    axes.set_yscale("log")
    plain_numbers(axes)
    _finish(axes, "ms", from_zero=False)


def plain_numbers(axes: Axes) -> None:
    """Write the numbers of a logarithmic axis as people do, not as powers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def state_bars(axes: Axes, states: Sequence[Row], modules: Sequence[str]) -> None:
    """Draw for each module a bar whose colour is its export state."""
    from matplotlib.patches import Patch

    for row_number, module in enumerate(modules):
        samples = [row for row in states if row["module"] == module]
        at = _numbers(samples, "at_s")
        spans = [(here, after - here) for here, after in zip(at, [*at[1:], at[-1] + 0.5], strict=True)]
        colours = [STATE_COLOURS.get(str(row["state"]), "#000000") for row in samples]
        axes.broken_barh(spans, (row_number - 0.35, 0.7), facecolors=colours)
    axes.set_yticks(range(len(modules)), [module.rpartition(":")[2].rpartition(".")[2] for module in modules])
    axes.grid(visible=False)
    shown = [state for state in STATE_COLOURS if any(row["state"] == state for row in states)]
    handles = [Patch(color=STATE_COLOURS[state], label=state) for state in shown]
    axes.set_xlim(left=0)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    axes.set_xlabel("seconds")


def lines(axes: Axes, rows: Sequence[Row], columns: tuple[str, str], unit: str) -> None:
    """Draw one line for each name in a column."""
    by, value = columns
    for name in sorted({str(row[by]) for row in rows}):
        own = [row for row in rows if row[by] == name]
        axes.plot(_numbers(own, "at_s"), _numbers(own, value), label=name.rpartition(":")[2], linewidth=1.3)
    _finish(axes, unit)


def _finish(axes: Axes, unit: str, *, from_zero: bool = True) -> None:
    axes.margins(y=0.12)
    if from_zero:
        axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
    axes.set_xlim(left=0)
    axes.set_xlabel("seconds")
    axes.set_ylabel(unit)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)


def _numbers(rows: Sequence[Row], column: str) -> list[float]:
    return [float(row[column] or 0) for row in rows]


def _is_used(row: Row, rows: Sequence[Row]) -> bool:
    return any(other["ready"] for other in rows if other["queue"] == row["queue"])


__all__ = ["figure_of", "figures_of", "picture", "plain_numbers"]
