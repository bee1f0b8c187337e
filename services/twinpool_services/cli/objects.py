"""What cmdlets return: objects with properties, found by name in any case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CmdletObject(Mapping[str, object]):
    """Properties in order, and the type that decides how they are shown."""

    type_name: str
    properties: Mapping[str, object]

    def __getitem__(self, name: str) -> object:
        for known, value in self.properties.items():
            if known.casefold() == name.casefold():
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.properties)

    def __len__(self) -> int:
        return len(self.properties)

    def text(self, name: str) -> str:
        """Return a property as text; empty if it is None."""
        value = self[name]
        return "" if value is None else str(value)
