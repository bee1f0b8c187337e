from __future__ import annotations

from pathlib import Path

from twinpool_services.cli.cmdlets import CMDLETS
from twinpool_services.cli.exit_codes import ExitCode
from twinpool_services.cli.reference import command_line_page, configuration_page
from twinpool_services.frontend.access.reference import access_page
from twinpool_services.frontend.app import routes_of_all
from twinpool_services.telemetry.reference import events_page, metrics_page

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


def test_the_page_of_the_command_line_is_what_scripts_docs_makes() -> None:
    assert (REFERENCE / "command-line.md").read_text(encoding="utf-8") == command_line_page(CMDLETS)


def test_the_page_of_the_configuration_is_what_scripts_docs_makes() -> None:
    assert (REFERENCE / "configuration.md").read_text(encoding="utf-8") == configuration_page()


def test_the_page_of_the_metrics_is_what_scripts_docs_makes() -> None:
    assert (REFERENCE / "metrics.md").read_text(encoding="utf-8") == metrics_page()


def test_the_page_of_the_events_is_what_scripts_docs_makes() -> None:
    assert (REFERENCE / "events.md").read_text(encoding="utf-8") == events_page()


def test_every_exit_code_is_explained() -> None:
    page = command_line_page(CMDLETS)

    assert all(f"| {int(code)} |" in page for code in ExitCode)


def test_the_page_of_access_is_what_scripts_docs_makes() -> None:
    assert (REFERENCE / "access.md").read_text(encoding="utf-8") == access_page(routes_of_all())
