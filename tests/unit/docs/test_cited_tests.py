from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("page", ["guarantees.md", "reference/refusals.md"])
def test_every_test_that_a_page_cites_exists(page: str) -> None:
    cited = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8")))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert cited, "the page cites no test"
    assert cited <= written, f"not there: {sorted(cited - written)}"
