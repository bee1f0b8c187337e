"""Reads from the front ends' own logs who was the active one, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from twinpool_services.chaos.history import Tenure


def read_tenures(log_file: Path, front_end: str, since: float) -> Iterator[Tenure]:
    """Yield the tenures of a front end that lasted into a run; `since` is its start in seconds since 1970.

    One that ended with its process has no end here.
    """
    under_way: Tenure | None = None
    for document in _events(log_file):
        at = round(datetime.fromisoformat(document["at"]).timestamp() - since, 3)
        if document["event"] == "lease.acquired":
            if under_way is not None:
                yield under_way
            under_way = Tenure(front_end=front_end, generation=int(document["generation"]), began=at, ended=None)
        elif under_way is not None:
            if at > 0:
                yield Tenure(
                    front_end=front_end, generation=under_way.generation, began=max(under_way.began, 0.0), ended=at
                )
            under_way = None
    if under_way is not None:
        yield under_way


def of_run(tenures: Iterable[Tenure]) -> list[Tenure]:
    """Leave out of a pool's tenures those that were over before the run, whatever their logs do not say.

    Whoever was killed has told of no end: of all that began before the run only the newest lasted into it.
    """
    found = sorted(tenures, key=lambda one: one.generation)
    before = [one for one in found if one.began < 0]
    return [*before[-1:], *(one for one in found if one.began >= 0)]


def _events(log_file: Path) -> Iterator[dict[str, Any]]:
    if not log_file.exists():
        return
    for line in log_file.read_text(encoding="utf-8", errors="replace").splitlines():
        if '"lease.acquired"' in line or '"tenure.end"' in line:
            try:
                yield json.loads(line)
            except ValueError:  # It was cut short when the process was killed.
                continue
