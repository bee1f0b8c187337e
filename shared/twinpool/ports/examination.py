"""What a pool store says of itself, for those who look whether it is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreExamination:
    """A store, as it is set up."""

    kind: str  #: `memory`, `sqlite` or `postgresql`
    server_version: str
    schema_version: str  #: the newest migration that it has
    expected_schema_version: str  #: the newest that this version of Twinpool has
    settings: Mapping[str, str]  #: those that durability hangs on
    size_bytes: int


class Examined(Protocol):
    """A store that can say how it is."""

    def examine(self) -> StoreExamination:
        """Read how the store is set up; changes nothing."""
