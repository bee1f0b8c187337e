"""Options that several benches have."""

from __future__ import annotations

import enum


class Format(enum.StrEnum):
    """How a result is shown."""

    TABLE = "table"
    JSON = "json"
