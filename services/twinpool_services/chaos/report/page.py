"""Writes the page of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from twinpool_services.chaos.history import History
from twinpool_services.chaos.report.picture import COLOURS, Picture

NAME = "report.html"


def write_report(directory: Path, history: History) -> Path:
    """Write the report of a run beside its history, and return where it is."""
    verdict, plan = _document(directory / "verdict.json"), _document(directory / "plan.json")
    path = directory / NAME
    path.write_text(render(history, verdict, plan), encoding="utf-8")
    return path


def render(history: History, verdict: dict[str, Any], plan: dict[str, Any]) -> str:
    """Return the page: the verdict, the figures, the picture, what is wrong, and the plan."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("twinpool_services.chaos.report", "."), autoescape=True)
    template = environment.get_template("page.html.j2")
    return template.render(
        history=history,
        verdict=verdict,
        plan=plan,
        picture=Picture(history).svg(),
        colours=COLOURS,
        witness=json.dumps,
    )


def _document(path: Path) -> dict[str, Any]:
    if not path.exists():  # The run did not come so far.
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
