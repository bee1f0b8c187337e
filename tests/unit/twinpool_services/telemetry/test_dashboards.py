"""Dashboards and alert rules ask for metrics that exist, and the rules' own tests pass."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from twinpool_services.telemetry.catalogue import CATALOGUE, Kind
from twinpool_services.telemetry.dashboards import DASHBOARDS, dashboard_files

COMPOSE = Path(__file__).parents[4] / "compose"
RULES = COMPOSE / "prometheus" / "alerts.yml"

_NAME = re.compile(r"\btwinpool_[a-z_]+\b")


def known() -> set[str]:
    """Return the names of all series."""
    parts = ("_bucket", "_sum", "_count")
    return {metric.name + part for metric in CATALOGUE for part in (parts if metric.kind is Kind.HISTOGRAM else ("",))}


def unknown(expressions: Iterable[str]) -> set[str]:
    return {name for expression in expressions for name in _NAME.findall(expression)} - known()


def rules() -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def require_promtool() -> str:
    """Find promtool; without it the test is skipped, and with CI=true it fails."""
    if found := shutil.which("promtool"):
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("no promtool: install prometheus")
    pytest.skip("no promtool: install prometheus")


def test_every_metric_of_a_dashboard_exists() -> None:
    assert not unknown(query for board in DASHBOARDS for panel in board.panels for query, _ in panel.queries)


def test_a_metric_that_does_not_exist_would_be_found() -> None:
    assert unknown(['rate(twinpool_no_such_thing_total{pool="x"}[5m])']) == {"twinpool_no_such_thing_total"}


def test_every_metric_but_those_of_identity_is_on_a_dashboard() -> None:
    drawn = json.dumps(dashboard_files())
    left_out = {metric.name for metric in CATALOGUE if metric.name not in drawn}

    assert left_out == {
        "twinpool_import_cursor_position",
        "twinpool_export_pending_bytes",
        "twinpool_import_state",
        "twinpool_lease_held",
        "twinpool_receipts",
        "twinpool_store_read_timestamp_seconds",
    }


def test_the_dashboards_are_what_scripts_docs_makes() -> None:
    folder = COMPOSE / "grafana" / "dashboards"

    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == dashboard_files()


def test_every_metric_of_an_alert_exists_and_every_alert_says_what_to_do() -> None:
    assert not unknown(rule["expr"] for rule in rules())
    assert all({"summary", "action"} <= set(rule["annotations"]) for rule in rules())


def test_every_alert_is_tested_both_ways() -> None:
    tests = yaml.safe_load((RULES.parent / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    tried = {(each["alertname"], bool(each["exp_alerts"])) for one in tests for each in one["alert_rule_test"]}

    assert tried == {(rule["alert"], fires) for rule in rules() for fires in (True, False)}


def test_the_tests_of_the_alerts_pass() -> None:
    promtool = require_promtool()

    for words in (["check", "rules", str(RULES)], ["test", "rules", str(RULES.parent / "alerts_test.yml")]):
        ended = subprocess.run([promtool, *words], capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
