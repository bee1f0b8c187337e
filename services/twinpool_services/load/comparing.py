"""Several runs beside each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinpool.errors import InvalidParameter, NotFound
from twinpool_services.load.plots import figure_of, picture, plain_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUMMARY = "summary.json"
#: What is compared → where it stands in a summary.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "offered/s": ("offered_per_s",),
    "written/s": ("achieved_per_s",),
    "failed": ("failed",),
    "write p50 ms": ("write", "p50_ms"),
    "write p99 ms": ("write", "p99_ms"),
    "lag p50 ms": ("lag", "p50_ms"),
    "lag p99 ms": ("lag", "p99_ms"),
    "lag max ms": ("lag", "max_ms"),
    "drain s": ("drain_s",),
}


def read_summary(directory: Path) -> Mapping[str, Any]:
    """Read the summary of a run. Raises `NotFound`, `InvalidParameter`."""
    path = directory / SUMMARY
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFound(f"there is no run in {directory}: {path.name} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InvalidParameter(f"{path} is no JSON: {error}", field="run") from error
    if not isinstance(document, dict):
        raise InvalidParameter(f"{path} is no summary of a run", field="run")
    return document


def compare(directories: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the compared figures of each run, and how they stand to those of the first. Raises `NotFound`."""
    rows: list[dict[str, Any]] = []
    for directory in directories:
        summary = read_summary(directory)
        figures = {name: _figure(summary, way) for name, way in FIGURES.items()}
        first = rows[0]["figures"] if rows else figures
        ratios = {name: _ratio(value, first[name]) for name, value in figures.items()}
        rows.append({"run": str(directory), "profile": summary.get("profile"), "figures": figures, "ratios": ratios})
    return rows


def compared_picture(rows: Sequence[Mapping[str, Any]], kind: str) -> bytes:
    """Draw percentiles of the lags side by side, as SVG or PNG. Raises `ExtraMissing`."""

    def draw(axes: Axes) -> None:
        names = [name for name in FIGURES if name.startswith("lag")]
        width = 0.8 / len(rows)
        for number, row in enumerate(rows):
            at = [place - 0.4 + width * (number + 0.5) for place in range(len(names))]
            heights = [row["figures"][name] or 0 for name in names]
            axes.bar(at, heights, width * 0.92, label=Path(row["run"]).name)
        axes.set_xticks(range(len(names)), names)
        axes.set_yscale("log")
        plain_numbers(axes)
        axes.set_ylabel("ms")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)

    return picture(figure_of(draw, height=3.5), kind)


def _figure(summary: Mapping[str, Any], way: Sequence[str]) -> float | None:
    at: Any = summary
    for name in way:
        at = at.get(name) if isinstance(at, dict) else None
    return None if at is None else float(at)


def _ratio(value: float | None, first: float | None) -> float | None:
    return round(value / first, 3) if value is not None and first else None
