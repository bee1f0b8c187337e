"""Time spans as PowerShell writes them: `[d.]hh:mm:ss[.fff]`, for example `00:02:00` or `7.00:00:00`."""

from __future__ import annotations

import re
from datetime import timedelta

_SPAN = re.compile(
    r"(?:(?P<days>\d{1,8})\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{2}):(?P<seconds>\d{2})(?:\.(?P<fraction>\d{1,7}))?",
    re.ASCII,
)


def parse_timespan(text: str) -> timedelta:
    """Read `[d.]hh:mm:ss[.fff]`. Raises `ValueError`, whose message says what is expected."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError("a time span is written [d.]hh:mm:ss[.fff], for example 00:02:00")
    days, hours, minutes, seconds = (int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError("hours of a time span go to 23, minutes and seconds to 59, for example 1.12:30:00")
    # .NET counts in tenths of a microsecond; we drop that digit, which no setting of ours can mean.
    microseconds = int((match["fraction"] or "0").ljust(7, "0")[:6])
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)


def format_timespan(span: timedelta) -> str:
    """Write a span as PowerShell does, with a fraction of three or six digits only where there is one."""
    sign = "-" if span < timedelta(0) else ""
    span = abs(span)
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days = f"{span.days}." if span.days else ""
    return f"{sign}{days}{hours:02}:{minutes:02}:{seconds:02}{_fraction(span.microseconds)}"


def _fraction(microseconds: int) -> str:
    if microseconds == 0:
        return ""
    return f".{microseconds // 1000:03}" if microseconds % 1000 == 0 else f".{microseconds:06}"
