"""The report of a blocking backup: HTML, or JSON where the file's name says so."""

from __future__ import annotations

import html
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twinpool.errors import InvalidParameter


def default_report(pool: str) -> Path:
    """Name the file of a report that nobody named."""
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Path(tempfile.gettempdir()) / f"Backup-CsPool-{pool}-{at}.html"


def check_report(path: Path) -> None:
    """Refuse, before anything is done, a file that cannot be written. Raises `InvalidParameter`."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise InvalidParameter(f"the report cannot be written to {path}: no such folder", field="Report")


def write_report(path: Path, document: Mapping[str, Any]) -> None:
    """Write a report over whatever is there. Raises `InvalidParameter` if that is impossible."""
    text = json.dumps(document, indent=2) + "\n" if path.suffix.lower() == ".json" else "\n".join(_page(document))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidParameter(f"the report cannot be written to {path}: {error.strerror}", field="Report") from error


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"<!doctype html><meta charset=utf-8><title>Backup of {html.escape(str(document['PoolFqdn']))}</title>"
    yield "<h1>Backup-CsPool</h1><table>"
    for name, value in document.items():
        if name != "BackupModules":
            yield f"<tr><th align=left>{html.escape(name)}<td>{html.escape(str(value))}"
    yield "</table><h2>Modules</h2><table>"
    for row in document["BackupModules"]:
        cells = (row["Identity"], row["ExportStatus"], row["HeadPosition"], row["AcknowledgedPosition"])
        yield "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in cells)
    yield "</table>"
