"""What a bench says in the end: one document, shown as a table or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from twinpool_services.bench.measuring import Reading, Rounds
from twinpool_services.lab import Display
from twinpool_services.measuring.machine import machine, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One bench: ours beside its peers, with everything needed to do it again."""

    bench: str
    subject: Rounds  #: twinpool itself
    peers: Sequence[Rounds] = ()
    settings: Mapping[str, object] = field(default_factory=dict)  #: store, changes, transaction_size and the like
    server_versions: Mapping[str, str] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)  #: peers that could not be measured here, and why
    figures: Mapping[str, object] = field(default_factory=dict)  #: what was concluded from all of it
    notes: Mapping[str, str] = field(default_factory=dict)  #: by contender: what a reader must know of it

    def document(self) -> dict[str, Any]:
        """Return the report as JSON can hold it; figures are medians over the rounds. The first peer is *the* peer."""
        ours, peers = self.subject, [self._peer(peer) for peer in self.peers]
        return {
            "bench": self.bench,
            **self.settings,
            "rounds": len(ours.readings),
            "changes_per_s": round(ours.changes_per_s, 1),
            "seconds": _rounded(ours.median(lambda reading: reading.seconds)),
            "cpu_s_per_100k": _rounded(ours.median(lambda reading: reading.cpu_s_per_100k)),
            "peak_rss_mb": _rounded(ours.median(lambda reading: reading.peak_rss_mb), 1),
            **{name: _rounded(ours.median(_detail(name)), 4) for name in _details(ours)},
            **self.figures,
            "peer": peers[0] if peers else None,
            "ratio": peers[0]["ratio"] if peers else None,
            "peers": peers,
            "skipped": dict(self.skipped),
            "notes": dict(self.notes),
            "runs": {each.name: [_run(reading) for reading in each.readings] for each in (ours, *self.peers)},
            "machine": dict(machine()),
            "versions": {**versions(), **self.server_versions},
        }

    def _peer(self, peer: Rounds) -> dict[str, Any]:
        return {
            "name": peer.name,
            "changes_per_s": round(peer.changes_per_s, 1),
            "cpu_s_per_100k": _rounded(peer.median(lambda reading: reading.cpu_s_per_100k)),
            **{name: _rounded(peer.median(_detail(name)), 4) for name in _details(peer)},
            "ratio": round(self.subject.changes_per_s / peer.changes_per_s, 3),
        }


def show(report: Report, shown: Display, *, as_json: bool) -> None:
    """Print a report; JSON goes to standard output alone."""
    document = report.document()
    if as_json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    shown.say(f"\n{report.bench}: " + ", ".join(f"{name} {value}" for name, value in report.settings.items()), "bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column, justify in (
        ("", "left"),
        ("changes/s", "right"),
        ("slowest to fastest", "right"),
        ("twinpool is", "right"),
    ):
        table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type] # literals widened by the loop
    for each in (report.subject, *report.peers):
        slow, fast = each.spread
        ratio = "" if each is report.subject else f"{report.subject.changes_per_s / each.changes_per_s:.2f} x"
        table.add_row(each.name, f"{each.changes_per_s:,.0f}", f"{slow:,.0f} to {fast:,.0f}", ratio)
    shown.console.print(table)
    for name in ("cpu_s_per_100k", "peak_rss_mb", *_details(report.subject)):
        if document.get(name) is not None:
            shown.say(f"  {name}: {document[name]}")
    for name, value in report.figures.items():
        shown.say(f"  {name}: {value}")
    for name, note in report.notes.items():
        shown.say(f"  {name}: {note}")
    for name, why in report.skipped.items():
        shown.say(f"  not measured: {name} ({why})", "yellow")


def _details(rounds: Rounds) -> list[str]:
    return list(dict.fromkeys(name for reading in rounds.readings for name in reading.details))


def _detail(name: str) -> Callable[[Reading], float | None]:
    return lambda reading: reading.details.get(name)


def _run(reading: Reading) -> dict[str, Any]:
    return {
        "changes_per_s": round(reading.changes_per_s, 1),
        "seconds": _rounded(reading.seconds),
        "cpu_s": _rounded(reading.cpu_s),
        "peak_rss_mb": _rounded(reading.peak_rss_mb, 1),
        **{name: _rounded(value, 4) for name, value in reading.details.items()},
    }


def _rounded(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
