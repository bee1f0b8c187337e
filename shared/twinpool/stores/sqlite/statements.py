"""The named statements of this dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from twinpool.stores.queries import queries

SQL: Final[Mapping[str, str]] = queries("sqlite")

__all__ = ["SQL"]
