"""Chaos and load runs, as their directories tell of them. All of it blocks.

Runs are made by commands and not by front ends, so a front end knows of them only if it is told where results lie:
`TWINPOOL_RUNS` names directories like `chaos-results` and `load-runs`, parted by colons. It is meant for labs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "TWINPOOL_RUNS"
REPORT = "report.html"
MOST = 200  #: runs that are listed, the newest
STALLED = 60.0  #: seconds without a word after which a run without an end is taken for broken off
LARGEST = 32 * 1024 * 1024  #: bytes of a report

#: Verdicts of chaos runs, with their marks.
_MARKS = {"passed": "ok", "violated": "bad", "failed": "bad", "skipped": "standby"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run."""

    name: str  #: of its directory
    kind: str  #: `Chaos` or `Load`
    mark: str
    state: str  #: in words
    about: str
    at: float  #: when anything was written last, in seconds since 1970
    has_report: bool


def directories(environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return where results lie; nothing if this front end was not told."""
    return tuple(Path(each) for each in environment.get(VARIABLE, "").split(os.pathsep) if each)


def list_runs(roots: tuple[Path, ...], now: float) -> list[Run]:
    """Return the runs that there are, the newest first."""
    found = [run for root in roots for each in _folders(root) if (run := _run(each, now)) is not None]
    return sorted(found, key=lambda run: run.at, reverse=True)[:MOST]


def read_report(roots: tuple[Path, ...], name: str) -> bytes | None:
    """Return the report of a run; None if there is none of that name. No other file is ever read."""
    for root in roots:
        for each in _folders(root):
            report = each / REPORT
            if each.name == name and report.is_file() and report.stat().st_size <= LARGEST:
                return report.read_bytes()
    return None


def _folders(root: Path) -> Iterator[Path]:
    try:
        yield from (each for each in root.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError:
        return


def _run(folder: Path, now: float) -> Run | None:
    """Read one; None for a directory that is something else."""
    try:
        files = {each.name: each.stat().st_mtime for each in folder.iterdir() if each.is_file()}
    except OSError:
        return None
    at = max([folder.stat().st_mtime, *files.values()])
    if "history.jsonl" in files or "verdict.json" in files:
        kind, (mark, state, about) = "Chaos", _chaos(folder, now - at)
    elif "summary.json" in files or not files:
        kind, (mark, state, about) = "Load", _load(folder, now - at)
    else:
        return None
    return Run(name=folder.name, kind=kind, mark=mark, state=state, about=about, at=at, has_report=REPORT in files)


def _chaos(folder: Path, silent: float) -> tuple[str, str, str]:
    verdict = _document(folder / "verdict.json")
    if not verdict:
        return (*_unended(silent), "")
    word = str(verdict.get("verdict", ""))
    figures = verdict.get("figures") or {}
    violations = len(verdict.get("violations") or ())
    about = f"{verdict.get('scenario')}, seed {verdict.get('seed')}, {figures.get('answered', 0):,} writes answered"
    return _MARKS.get(word, "unknown"), word, about + (f", {violations} violations" if violations else "")


def _load(folder: Path, silent: float) -> tuple[str, str, str]:
    summary = _document(folder / "summary.json")
    if not summary:
        return (*_unended(silent), "its results are written at its end")
    about = (
        f"{summary.get('profile')} at {summary.get('pool')}, {summary.get('written', 0):,} of "
        f"{summary.get('offered', 0):,} writes, {summary.get('achieved_per_s', 0):,} a second, "
        f"{summary.get('failed', 0):,} failed"
    )
    return "ok" if not summary.get("stopped_early") else "warning", "ended", about


def _unended(silent: float) -> tuple[str, str]:
    return ("steadystate", "in progress") if silent < STALLED else ("warning", "not ended, and silent")


def _document(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing while it is not there, or half written."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
