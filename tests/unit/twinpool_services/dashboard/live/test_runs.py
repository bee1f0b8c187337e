"""Chaos and load runs, by what their directories hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

from twinpool_services.dashboard.live.runs import directories, list_runs, read_report

NOW = 1_000_000.0


def a_run(root: Path, name: str, age: float, **files: object) -> None:
    folder = root / name
    folder.mkdir()
    for file, held in files.items():
        path = folder / file.replace("__", ".")
        path.write_text(held if isinstance(held, str) else json.dumps(held))
        os.utime(path, (NOW - age, NOW - age))
    os.utime(folder, (NOW - age, NOW - age))


def test_runs_are_listed_with_what_came_of_them_the_newest_first(tmp_path: Path) -> None:
    verdict = {"verdict": "violated", "scenario": "x", "seed": 7, "figures": {"answered": 1200}, "violations": [1, 2]}
    summary = {"profile": "steady", "pool": "pool1.lab", "written": 5, "offered": 6, "achieved_per_s": 2.5, "failed": 1}
    a_run(tmp_path, "x-7", 300, history__jsonl="", verdict__json=verdict, report__html="<p>")
    a_run(tmp_path, "steady-1", 200, summary__json=summary)
    a_run(tmp_path, "y-1", 5, history__jsonl="")
    a_run(tmp_path, "z-1", 500, history__jsonl="")
    a_run(tmp_path, "other", 1, notes__txt="nothing of ours")

    runs = list_runs((tmp_path, tmp_path / "missing"), NOW)

    assert [(run.name, run.kind, run.state, run.has_report) for run in runs] == [
        ("y-1", "Chaos", "in progress", False),
        ("steady-1", "Load", "ended", False),
        ("x-7", "Chaos", "violated", True),
        ("z-1", "Chaos", "not ended, and silent", False),
    ]
    assert runs[2].about == "x, seed 7, 1,200 writes answered, 2 violations"
    assert "5 of 6 writes, 2.5 a second, 1 failed" in runs[1].about


def test_a_file_that_is_half_written_is_a_run_in_progress(tmp_path: Path) -> None:
    a_run(tmp_path, "x-7", 1, history__jsonl="", verdict__json='{"verd')

    assert list_runs((tmp_path,), NOW)[0].state == "in progress"


def test_reports_are_those_of_runs_and_no_other_file(tmp_path: Path) -> None:
    inside, secret = tmp_path / "runs", tmp_path / "secret"
    inside.mkdir()
    secret.mkdir()
    (secret / "report.html").write_text("secret")
    (inside / "link").symlink_to(secret)
    a_run(inside, "x-7", 1, report__html="<p>all is well")

    assert read_report((inside,), "x-7") == b"<p>all is well"
    assert [read_report((inside,), name) for name in ("../secret", "link", "x-8", "", "..")] == [None] * 5


def test_directories_are_told_by_the_environment() -> None:
    assert directories({}) == ()
    assert directories({"TWINPOOL_RUNS": "a:b"}) == (Path("a"), Path("b"))
