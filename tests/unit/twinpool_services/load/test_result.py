"""What a run came to: times count from when a change was due, and a stalled importer shows in the lag."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinpool.errors import NotFound
from twinpool.modules.presence_focus import PresenceFocus
from twinpool.vocabulary.change import Change
from twinpool_services.load.comparing import compare
from twinpool_services.load.drivers import NOT_WRITTEN, Outcome
from twinpool_services.load.keeping import REPORT
from twinpool_services.load.operations import NANO, Operation
from twinpool_services.load.recording import Record
from twinpool_services.load.report import write_report
from twinpool_services.load.result import Run, import_lags, summary_of, tables_of
from twinpool_services.load.shapes import Steady
from twinpool_services.load.tables import SCHEMA, Tables, read_csv, read_parquet, write_csv, write_parquet
from twinpool_services.load.watching import Samples
from twinpool_services.measuring.observing import Seen

MODULE = PresenceFocus.name
BEGAN = 77 * NANO
MS = 1_000_000


def run_of(seen: list[Seen], *, failed: int = 0) -> Run:
    """Ten writes a second for two seconds, each answered 5 ms after it was due; the last ones failed."""
    record = Record([MODULE])
    for number in range(20):
        due = number * NANO // 10
        operation = Operation(number, due, MODULE, Change("o", "k", b""))
        ok = number < 20 - failed
        outcome = Outcome(number + 1) if ok else Outcome(NOT_WRITTEN, "HTTP 503")
        record.note([operation], [outcome], due + 5 * MS)
    samples = Samples(
        states=[{"at_s": 0.5, "module": MODULE, "state": "FinalState", "pending": 0, "oldest_s": 0.0}],
        processes=[{"at_s": 0.5, "front_end": "fe1.pool1.lab", "cpu_percent": 12.5, "rss_mb": 80.0}],
        queues=[{"at_s": 0.5, "queue": "to.pool2.lab.x", "ready": 3}],
    )
    return Run(
        shapes=[Steady(10, 2)],
        record=record,
        seen={MODULE: seen},
        samples=samples,
        began_ns=BEGAN,
        ended_ns=2 * NANO,
        stopped=False,
    )


def prompt() -> list[Seen]:
    return [Seen(number + 1, BEGAN + number * NANO // 10 + 8 * MS) for number in range(20)]


def test_lags_count_from_when_a_change_was_due() -> None:
    assert import_lags(run_of(prompt())) == [8 * MS] * 20


def test_a_stalled_importer_shows_in_the_lag_of_every_change_that_it_held_up() -> None:
    stalled = [*prompt()[:5], Seen(20, BEGAN + 2 * NANO)]
    summary = summary_of(run_of(stalled))
    assert import_lags(run_of(stalled))[5] == 1500 * MS
    assert summary["lag"]["p50_ms"] > 500
    assert summary["lag"]["max_ms"] == 1500
    assert summary["write"]["max_ms"] == 5


def test_what_the_partner_never_had_has_no_lag_and_is_counted() -> None:
    summary = summary_of(run_of(prompt()[:15]))
    assert summary["not_imported"] == 5
    assert summary["drain_s"] is None


def test_failures_are_counted_by_their_reason_and_not_taken_for_writes() -> None:
    summary = summary_of(run_of(prompt(), failed=3))
    assert (summary["written"], summary["failed"], summary["failures"]) == (17, 3, {"HTTP 503": 3})
    assert summary["not_imported"] == 0


def test_the_timeline_has_a_row_a_second_that_adds_up_to_the_whole() -> None:
    timeline = tables_of(run_of(prompt(), failed=3)).rows["timeline"]
    assert [row["at_s"] for row in timeline] == [0.0, 1.0]
    assert [row["offered"] for row in timeline] == [10.0, 10.0]
    assert [row["achieved"] for row in timeline] == [10.0, 7.0]
    assert [row["failed"] for row in timeline] == [0.0, 3.0]


def test_tables_read_back_from_csv_and_parquet_are_equal(tmp_path: Path) -> None:
    tables = tables_of(run_of(prompt()[:15], failed=1))
    write_csv(tables, tmp_path)
    write_parquet(tables, tmp_path)
    assert read_csv(tmp_path).rows == tables.rows
    assert read_parquet(tmp_path).rows == tables.rows


def test_tables_without_rows_can_be_written_and_read(tmp_path: Path) -> None:
    tables = Tables({name: [] for name in SCHEMA})
    write_csv(tables, tmp_path)
    write_parquet(tables, tmp_path)
    assert read_csv(tmp_path).rows == read_parquet(tmp_path).rows == tables.rows


def test_a_report_is_one_file_with_all_its_pictures(tmp_path: Path) -> None:
    run = run_of(prompt())
    write_report({"profile": "<b>", "failed": 0, **summary_of(run)}, tables_of(run), tmp_path / REPORT)
    page = (tmp_path / REPORT).read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 8
    assert "&lt;b&gt;" in page
    assert "http" not in page.partition("<pre>")[0].replace("HTTP", "")


def test_what_is_no_run_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        compare([tmp_path])
