"""What a setting of the backup service may hold: its PowerShell name, its meaning, its kind and its range."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from twinpool.errors import InvalidParameter
from twinpool.vocabulary.timespan import format_timespan, parse_timespan

Value = TypeVar("Value")

LONGEST_NAME = 256  #: characters of a group or account
MOST_NAMES = 1_000  #: groups or accounts of one setting


class SyncTrigger(enum.StrEnum):
    """What makes the exporter collect."""

    EVENT = "Event"  #: each commit, after `Linger`
    INTERVAL = "Interval"  #: the tick of `SyncInterval` alone, as the original did


class Kind(Protocol[Value]):
    """Reads a value of a setting from text, JSON or Python, and writes it for JSON."""

    def read(self, given: object) -> Value:
        """Return the value. Raises `ValueError`, whose message says what is expected."""

    def write(self, value: Value) -> object:
        """Return what JSON can hold."""

    @property
    def expected(self) -> str:
        """What may be given, for help."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within a range."""

    low: int
    high: int

    def read(self, given: object) -> int:
        """Take an int, or digits."""
        if isinstance(given, str) and given.strip().isascii() and given.strip().isdigit() and len(given) < 20:
            given = int(given)
        if not isinstance(given, int) or isinstance(given, bool) or not self.low <= given <= self.high:
            raise ValueError(f"must be {self.expected}")
        return given

    def write(self, value: int) -> int:
        """JSON has numbers."""
        return value

    @property
    def expected(self) -> str:
        """The range in words."""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time span within a range, both ends included."""

    low: timedelta
    high: timedelta

    def read(self, given: object) -> timedelta:
        """Take a timedelta, or `[d.]hh:mm:ss[.fff]`."""
        span = parse_timespan(given) if isinstance(given, str) else given
        if not isinstance(span, timedelta) or not self.low <= span <= self.high:
            raise ValueError(f"must be {self.expected}")
        return span

    def write(self, value: timedelta) -> str:
        """As PowerShell writes it."""
        return format_timespan(value)

    @property
    def expected(self) -> str:
        """The range in words."""
        return f"a time span from {format_timespan(self.low)} to {format_timespan(self.high)}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """`Event` or `Interval`."""

    def read(self, given: object) -> SyncTrigger:
        """Take a trigger or its name in any case."""
        for trigger in SyncTrigger:
            if isinstance(given, str) and given.strip().casefold() == trigger.casefold():
                return trigger
        raise ValueError(f"must be {self.expected}")

    def write(self, value: SyncTrigger) -> str:
        """By its name."""
        return value.value

    @property
    def expected(self) -> str:
        """The choice in words."""
        return "Event or Interval"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of groups or accounts; none twice, whatever their case."""

    def read(self, given: object) -> tuple[str, ...]:
        """Take a list of names, or one text in which commas part them."""
        names = tuple(name.strip() for name in self._texts(given))
        if len(names) > MOST_NAMES or any(not _is_name(name) for name in names):
            raise ValueError(f"must be {self.expected}")
        if len({name.casefold() for name in names}) < len(names):
            raise ValueError("names a group or account twice")
        return names

    def write(self, value: tuple[str, ...]) -> list[str]:
        """JSON has lists."""
        return list(value)

    @property
    def expected(self) -> str:
        """The rule in words."""
        return f"names parted by commas, each of 1 to {LONGEST_NAME} printable characters"

    def _texts(self, given: object) -> Iterable[str]:
        if isinstance(given, str):
            return given.split(",") if given.strip() else ()
        if isinstance(given, list | tuple) and all(isinstance(name, str) for name in given):
            return given
        raise ValueError(f"must be {self.expected}")


@dataclass(frozen=True, slots=True)
class GlobalIdentity:
    """The only identity there is; one configuration serves the whole deployment."""

    def read(self, given: object) -> str:
        """Take `global` in any case."""
        if not isinstance(given, str) or given.casefold() != "global":
            raise ValueError(f"must be {self.expected}")
        return "Global"

    def write(self, value: str) -> str:
        """As it is."""
        return value

    @property
    def expected(self) -> str:
        """The only choice."""
        return "global: there is one configuration for the whole deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[Value]):
    """One setting."""

    name: str  #: as PowerShell spells it, and JSON
    field: str  #: of `BackupServiceConfiguration`
    kind: Kind[Value]
    meaning: str  #: one sentence, for help and docs

    def read(self, given: object) -> Value:
        """Return the value. Raises `InvalidParameter` naming this setting."""
        try:
            return self.kind.read(given)
        except ValueError as error:
            shown = f" {given!r:.60}" if isinstance(given, str | int | float) else ""
            raise InvalidParameter(f"{self.name}{shown}: {error}", field=self.name) from error


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and "," not in text
