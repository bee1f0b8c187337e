"""When a measurement comes to no figure."""

from __future__ import annotations

from twinpool.errors import TwinpoolError


class MeasurementFailed(TwinpoolError):
    """What was to be measured did not happen, or could not be watched; there is no figure."""

    hint = "Run it again; if it fails again, see with `twinpool status` and the front ends' logs what stands still."
