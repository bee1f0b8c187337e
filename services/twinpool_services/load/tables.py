"""The tables of a run, and their files: Parquet where pyarrow is there, else CSV. Both hold the same."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinpool.errors import Invalid, InvalidParameter, NotFound

Value = str | int | float | None
Row = Mapping[str, Value]

#: Table → column → type. A value that is not known is None.
SCHEMA: Mapping[str, Mapping[str, type[str | int | float]]] = {
    "operations": {"module": str, "due_s": float, "write_ms": float, "lag_ms": float, "position": int},
    "timeline": {
        "at_s": float,
        "offered": float,
        "achieved": float,
        "imported": float,
        "failed": float,
        "write_p50_ms": float,
        "write_p90_ms": float,
        "write_p99_ms": float,
        "write_max_ms": float,
        "lag_p50_ms": float,
        "lag_p90_ms": float,
        "lag_p99_ms": float,
        "lag_max_ms": float,
    },
    "states": {"at_s": float, "module": str, "state": str, "pending": int, "oldest_s": float},
    "processes": {"at_s": float, "front_end": str, "cpu_percent": float, "rss_mb": float},
    "queues": {"at_s": float, "queue": str, "ready": int},
}


class ExtraMissing(Invalid):
    """What was asked for takes packages that are not installed."""

    hint = "Install them with: pip install 'twinpool[load]'. CSV and JSON work without."


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of a run, by name."""

    rows: Mapping[str, Sequence[Row]]

    def column(self, table: str, column: str) -> list[Value]:
        """Return one column."""
        return [row[column] for row in self.rows[table]]


def require_extra(package: str, purpose: str) -> None:
    """Make sure that a package of the extra is there. Raises `ExtraMissing`."""
    if importlib.util.find_spec(package) is None:
        raise ExtraMissing(f"{purpose} takes {package}, which is not installed", field="format")


def has_extra(package: str) -> bool:
    """Say whether a package of the extra is there."""
    return importlib.util.find_spec(package) is not None


def write_csv(tables: Tables, directory: Path) -> None:
    """Write each table as CSV; what is not known is an empty field."""
    for name, columns in SCHEMA.items():
        with (directory / f"{name}.csv").open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, list(columns), lineterminator="\n")
            writer.writeheader()
            writer.writerows(tables.rows[name])


def read_csv(directory: Path) -> Tables:
    """Read what `write_csv` wrote. Raises `NotFound`."""
    return Tables({name: _read_csv(_existing(directory / f"{name}.csv"), name) for name in SCHEMA})


def write_parquet(tables: Tables, directory: Path) -> None:
    """Write each table as Parquet. Raises `ExtraMissing`."""
    require_extra("pyarrow", "Parquet")
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    for name, columns in SCHEMA.items():
        schema = pa.schema([(column, kinds[kind]) for column, kind in columns.items()])
        pq.write_table(pa.Table.from_pylist(list(tables.rows[name]), schema), directory / f"{name}.parquet")


def read_parquet(directory: Path) -> Tables:
    """Read what `write_parquet` wrote. Raises `ExtraMissing`, `NotFound`."""
    require_extra("pyarrow", "Parquet")
    import pyarrow.parquet as pq

    return Tables({name: pq.read_table(_existing(directory / f"{name}.parquet")).to_pylist() for name in SCHEMA})


def read_tables(directory: Path) -> Tables:
    """Read the tables of a run, whichever way they were written. Raises `NotFound`, `ExtraMissing`."""
    return read_csv(directory) if (directory / "timeline.csv").exists() else read_parquet(directory)


def writer_of(kind: str) -> Callable[[Tables, Path], None]:
    """Return what writes a kind of file. Raises `InvalidParameter`, `ExtraMissing` at once, not after the run."""
    if kind == "csv":
        return write_csv
    if kind != "parquet":
        raise InvalidParameter(f"tables are written as parquet or csv, not as {kind!r:.20}", field="tables")
    require_extra("pyarrow", "Parquet")
    return write_parquet


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise NotFound(f"there is no {path}; name the directory of a run")
    return path


def _read_csv(path: Path, name: str) -> Sequence[Row]:
    kinds = SCHEMA[name]
    with path.open(newline="", encoding="utf-8") as opened:
        return [
            {column: kinds[column](text) if text else None for column, text in row.items()}
            for row in csv.DictReader(opened)
        ]
