"""An experiment as a user runs it: its variants in labs of their own, one of them without a broker for a while."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.labs import twinpool
from tests.rabbitmq_server import require_rabbitmq

pytestmark = [pytest.mark.rabbitmq, pytest.mark.timeout(300)]

EXPERIMENT = """\
question = "What does an outage cost?"
profile = "steady"
set = ["phase.0.rate=40", "phase.0.seconds=3"]

[[variant]]
name = "none"
settings = { Linger = "00:00:00" }

[[variant]]
name = "short"
outage = 0.5
"""


def test_an_outage_shows_beside_a_run_without_one(tmp_path: Path) -> None:
    require_rabbitmq()
    (tmp_path / "mine.toml").write_text(EXPERIMENT)
    page = tmp_path / "page.md"

    words = ("run", "mine.toml", "--rounds", "1", "--out", "runs", "--page", str(page), "--format", "json")
    ended = twinpool("load", "experiment", *words, cwd=tmp_path, timeout=250)

    assert ended.returncode == 0, ended.stderr
    found = {each["name"]: each["medians"] for each in json.loads(ended.stdout)["variants"]}
    assert found["none"]["failed"] == found["short"]["failed"] == 0
    assert found["short"]["lag max s"] > 0.5
    assert found["short"]["lag max s"] > found["none"]["lag max s"]
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"none-1", "short-1", "experiment.json"}
    assert "# What does an outage cost?" in page.read_text()
