"""Which charts a module has, from what the front ends of both pools remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twinpool_services.dashboard.drawing.charts import Band, Chart, Line, Numbers
from twinpool_services.dashboard.drawing.figures import amount, span
from twinpool_services.telemetry import EXPORT_CODES, IMPORT_CODES

Remembered = dict[str, list[float | None]]

_EXPORT_STATES: dict[int, str] = {code: str(state) for state, code in EXPORT_CODES.items()}
_IMPORT_STATES: dict[int, str] = {code: str(state) for state, code in IMPORT_CODES.items()}


def bands_of(sent: Remembered, imported: Remembered) -> tuple[Band, Band]:
    """Return the states of both ends; where several seconds are one step, the worst of them."""
    return (
        Band(name="Export", states=_states(sent, _EXPORT_STATES)),
        Band(name="Import", states=_states(imported, _IMPORT_STATES)),
    )


def charts_of(sent: Remembered, imported: Remembered) -> list[Chart]:
    """Return the charts, those that are looked at first at the front."""
    return [
        Chart(
            name="lag",
            title="Replication lag",
            about="From the commit of a batch's oldest change to its import: percentiles of the batches of a second; "
            "where a step holds several seconds, the highest.",
            lines=tuple(Line(f"p{share}", imported.get(f"LagP{share}", [])) for share in (50, 95, 99)),
            words=span,
            side=span,
        ),
        Chart(
            name="throughput",
            title="Throughput, changes a second",
            about="Changes that were published, and that were applied, each second.",
            lines=(Line("sent", sent.get("SentChanges", [])), Line("imported", imported.get("ImportedChanges", []))),
            words=_in("changes/s"),
            side=amount,
        ),
        Chart(
            name="batches",
            title="Batch size, changes",
            about="Changes in a batch.",
            lines=(
                Line("mean", _divided(sent.get("SentChanges", []), sent.get("SentBatches", []))),
                Line("largest", sent.get("LargestBatch", [])),
            ),
            words=_in("changes"),
            side=amount,
        ),
        Chart(
            name="pending",
            title="Pending changes",
            about="Changes that the other pool has not acknowledged.",
            lines=(Line("pending", sent.get("PendingChanges", [])),),
            words=_in("changes"),
            side=amount,
        ),
        Chart(
            name="ages",
            title="Age of the oldest pending change, and of the proof",
            about="The proof is the last word of the other pool; a state without one of late is an error.",
            lines=(Line("oldest", sent.get("PendingSeconds", [])), Line("proof", sent.get("ProofSeconds", []))),
            words=span,
            side=span,
        ),
        Chart(
            name="window",
            title="Window, batches",
            about="Batches that are under way, and how many may be at most. A full window waits for the other pool.",
            lines=(Line("under way", sent.get("InFlight", [])), Line("window", sent.get("Window", []))),
            words=_in("batches"),
            side=amount,
        ),
        Chart(
            name="positions",
            title="Behind the head, positions",
            about="How far what is acknowledged, and what the other pool has applied, are behind the newest commit.",
            lines=(
                Line("acknowledged", _behind(sent.get("HeadPosition", []), sent.get("AcknowledgedPosition", []))),
                Line("applied", _behind(sent.get("HeadPosition", []), imported.get("CursorPosition", []))),
            ),
            words=_in("positions"),
            side=amount,
        ),
    ]


def _in(unit: str) -> Callable[[float | None], str]:
    return lambda number: amount(number, unit) if number is None or number < 1000 else f"{amount(number)} {unit}"


def _states(remembered: Remembered, words: dict[int, str]) -> list[str | None]:
    return [None if code is None else words.get(round(code)) for code in remembered.get("State", [])]


def _divided(sums: Numbers, counts: Numbers) -> list[float | None]:
    return [None if total is None or not count else total / count for total, count in zip(sums, counts, strict=True)]


def _behind(head: Sequence[float | None], other: Sequence[float | None]) -> list[float | None]:
    """Subtract; both were read at different moments, and nothing is ahead of the head."""
    if len(head) != len(other):
        return []
    return [None if a is None or b is None else max(0.0, a - b) for a, b in zip(head, other, strict=True)]
