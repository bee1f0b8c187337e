"""Numbers with units."""

from __future__ import annotations

import pytest

from twinpool_services.dashboard.drawing.figures import amount, span


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "", "0"),
        (12, "", "12"),
        (1234, "", "1234"),
        (12_345, "", "12.3 k"),
        (1_234_567, "B", "1.23 MB"),
        (2_000, "B", "2 kB"),
        (0.5, "batches/s", "0.5 batches/s"),
        (None, "B", "unknown"),
    ],
)
def test_an_amount_has_its_unit(value: float | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0042, "4.2 ms"),
        (0.5, "500 ms"),
        (3.21, "3.2 s"),
        (42, "42 s"),
        (150, "2 min 30 s"),
        (7_300, "2 h 1 min"),
        (200_000, "2 d 7 h"),
        (None, "unknown"),
    ],
)
def test_a_span_has_its_unit(seconds: float | None, text: str) -> None:
    assert span(seconds) == text
