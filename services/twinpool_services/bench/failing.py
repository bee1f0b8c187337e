"""When a bench comes to no figure."""

from __future__ import annotations

from twinpool_services.measuring.failing import MeasurementFailed


class BenchFailed(MeasurementFailed):
    """A run did not come to its end, or to a wrong one; it has no figure."""

    hint = "Run it again; if it fails again, that is worth a report with what it said."
