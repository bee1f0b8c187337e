"""The page of an experiment: the question, what was measured, and what somebody has concluded from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from twinpool_services.load.experiments.definition import Experiment
from twinpool_services.load.experiments.running import Outcome, names_of

CONCLUSION = "## What follows from it"
NOTHING_YET = "Nobody has written that yet."


def write_page(
    path: Path, name: str, experiment: Experiment, outcomes: Sequence[Outcome], machine: Mapping[str, object]
) -> None:
    """Write the page of an experiment; what people have concluded in an older one is kept."""
    older = path.read_text(encoding="utf-8") if path.exists() else ""
    conclusion = older.partition(CONCLUSION)[2].strip() or NOTHING_YET
    text = f"{_measured(name, experiment, outcomes, machine)}\n{CONCLUSION}\n\n{conclusion}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def table_of(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Return rows of text, the first of them titles: a figure in each row, a variant in each column."""
    rows = [["", *(each.name for each in outcomes)]]
    rows += [[name, *(_number(each.medians[name]) for each in outcomes)] for name in names_of(outcomes)]
    return rows


def _measured(name: str, experiment: Experiment, outcomes: Sequence[Outcome], machine: Mapping[str, object]) -> str:
    titles, *rows = table_of(outcomes)
    rounds = len(outcomes[0].rounds)
    lines = [
        f"# {experiment.question}",
        "",
        "```console",
        f"$ twinpool load experiment run {name} --rounds {rounds}",
        "```",
        "",
        "Each variant ran once, in a new lab."
        if rounds == 1
        else f"Each variant ran {rounds} times, each time in a new lab, in turns with the others; medians.",
        *([experiment.reading] if experiment.reading else []),
        "",
        "| " + " | ".join(titles) + " |",
        "|---|" + "---:|" * (len(titles) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        "Measured on " + ", ".join(f"{key} {value}" for key, value in machine.items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.2f}"
