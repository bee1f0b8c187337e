"""What a distribution of times comes to, by HdrHistogram."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hdrh.histogram import HdrHistogram

LONGEST_US = 3_600_000_000
DIGITS = 3  #: significant ones
PERCENTILES: Mapping[str, float] = {"p50_ms": 50.0, "p90_ms": 90.0, "p99_ms": 99.0, "p99_9_ms": 99.9}
FIGURES = (*PERCENTILES, "max_ms")


def distribution(lags_ns: Iterable[int]) -> dict[str, float]:
    """Return percentiles and maximum in milliseconds."""
    histogram, longest = HdrHistogram(1, LONGEST_US, DIGITS), 0
    for lag in lags_ns:
        histogram.record_value(min(max(lag // 1_000, 1), LONGEST_US))
        longest = max(longest, lag)
    figures = {name: histogram.get_value_at_percentile(percentile) / 1_000 for name, percentile in PERCENTILES.items()}
    # The histogram rounds up to its digits, which must not tell more than the maximum.
    return {**{name: min(value, longest / 1_000_000) for name, value in figures.items()}, "max_ms": longest / 1_000_000}


__all__ = ["FIGURES", "PERCENTILES", "distribution"]
