"""Keeps a run in a directory: its tables, its summary and its report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twinpool.errors import InvalidParameter
from twinpool_services.load.comparing import SUMMARY
from twinpool_services.load.report import write_report
from twinpool_services.load.result import Run, summary_of, tables_of
from twinpool_services.load.running import Order
from twinpool_services.load.tables import has_extra, writer_of
from twinpool_services.measuring.machine import machine, versions

REPORT = "report.html"


def new_directory(given: Path | None, name: str) -> Path:
    """Make the directory of a run: the one given, or one named for profile and time. Raises `InvalidParameter`."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    directory = given or Path("load-runs") / f"{Path(name).stem}-{stamp}"
    if directory.exists() and any(directory.iterdir()):
        raise InvalidParameter(f"{directory} holds something already; name another one", field="out")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def keep(run: Run, order: Order, name: str, directory: Path, kind: str) -> Mapping[str, Any]:
    """Write everything of a run, and return its summary; the report is left out where matplotlib is not installed."""
    tables = tables_of(run)
    summary: dict[str, Any] = {
        "profile": Path(name).stem,
        "description": order.profile.description,
        "pool": order.pool or order.deployment.pools[0].fqdn,
        "through": str(order.through),
        "seed": order.profile.seed,
        "begun_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **summary_of(run),
        "machine": dict(machine()),
        "versions": versions(),
        "settings": order.profile.model_dump(mode="json"),
    }
    writer_of(kind)(tables, directory)
    (directory / SUMMARY).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if has_extra("matplotlib"):
        write_report(summary, tables, directory / REPORT)
    return summary
