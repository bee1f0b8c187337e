"""What a check finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinpool_services.chaos.history import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing that must not be, and the least that shows it."""

    check: str
    message: str
    witness: tuple[Mapping[str, Any], ...] = ()


def shown(operation: Operation) -> Mapping[str, Any]:
    """Return an operation as a witness shows it."""
    kept = {name: value for name, value in asdict(operation).items() if value not in (None, "", {}, ())}
    return {**kept, "outcome": str(operation.outcome)}
