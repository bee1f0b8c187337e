from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool.vocabulary.timespan import format_timespan, parse_timespan


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("00:02:00", timedelta(minutes=2)),
        ("0:00:05", timedelta(seconds=5)),
        ("7.00:00:00", timedelta(days=7)),
        ("00:00:00.020", timedelta(milliseconds=20)),
        ("00:00:00.5", timedelta(milliseconds=500)),
        ("00:00:00.0200000", timedelta(milliseconds=20)),
        (" 03:00:00 ", timedelta(hours=3)),
    ],
)
def test_a_time_span_is_read_as_powershell_writes_it(text: str, span: timedelta) -> None:
    assert parse_timespan(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "3", "00:03", "24:00:00", "00:60:00", "00:00:60", "-00:00:05", "5s", "\u0660\u0660:\u0660\u0662:\u0660\u0660"],
)
def test_what_is_no_time_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        parse_timespan(text)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000_000)))
def test_what_is_written_is_read_back(span: timedelta) -> None:
    assert parse_timespan(format_timespan(span)) == span


def test_a_negative_span_is_shown_with_its_sign() -> None:
    assert format_timespan(timedelta(seconds=-5)) == "-00:00:05"
