"""What a cmdlet is: a table of parameters and a function from what was bound to objects.

Nothing here prints or knows the command line, so that a management shell can run the same cmdlets in its own process.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool_services.cli.client import Client
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import COMMON, Parameter


@dataclass(frozen=True, slots=True)
class Bound:
    """The parameters of one call: what was given, else the defaults."""

    given: Mapping[str, object]  #: by the parameter's own name
    defaults: Mapping[str, object]

    def __getitem__(self, name: str) -> object:
        return self.given[name] if name in self.given else self.defaults[name]

    def text(self, name: str) -> str:
        """Return a text that is known to be there."""
        value = self[name]
        if not isinstance(value, str):
            raise TypeError(f"{name} is no text")
        return value

    def flag(self, name: str) -> bool:
        """Return a switch; False if the cmdlet has none of this name."""
        return bool(self.given.get(name, self.defaults.get(name, False)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cmdlet returns."""

    objects: tuple[CmdletObject, ...] = ()
    warnings: tuple[str, ...] = ()  #: left out with -Force
    failure: TwinpoolError | None = None  #: to be raised once the objects have been shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Cmdlet:
    """One cmdlet."""

    name: str
    synopsis: str  #: one sentence
    parameters: tuple[Parameter, ...]
    run: Callable[[Client, Bound], Outcome]
    examples: tuple[str, ...]  #: command lines without `twinpool`
    action: Callable[[Bound], str] | None = None  #: what it changes, for -WhatIf and -Confirm; None if nothing

    def __post_init__(self) -> None:
        """Refuse a table in which two parameters share a name."""
        names = [name.casefold() for parameter in self.parameters for name in (parameter.name, *parameter.aliases)]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name} has two parameters of one name")

    @property
    def all_parameters(self) -> tuple[Parameter, ...]:
        """Its own, and those that every cmdlet has."""
        own = {parameter.name for parameter in self.parameters}
        return (*self.parameters, *(parameter for parameter in COMMON if parameter.name not in own))

    @property
    def defaults(self) -> dict[str, object]:
        """The values of what is not given."""
        return {parameter.name: parameter.default for parameter in self.all_parameters}

    @property
    def sets(self) -> tuple[str, ...]:
        """The names of its parameter sets, in order; none if any parameters may go together."""
        return tuple(dict.fromkeys(name for parameter in self.parameters for name in sorted(parameter.sets)))


class Cmdlets:
    """Cmdlets, found by name in any case."""

    def __init__(self, cmdlets: Iterable[Cmdlet]) -> None:
        """Take cmdlets of different names."""
        self._by_name = {cmdlet.name.casefold(): cmdlet for cmdlet in cmdlets}

    def __iter__(self) -> Iterator[Cmdlet]:
        return iter(self._by_name.values())

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._by_name

    def __getitem__(self, name: str) -> Cmdlet:
        """Return a cmdlet. Raises `InvalidParameter` that names those that are alike."""
        if cmdlet := self._by_name.get(name.casefold()):
            return cmdlet
        alike = difflib.get_close_matches(name.casefold(), self._by_name, n=3)
        known = ", ".join(self._by_name[one].name for one in alike or self._by_name)
        raise InvalidParameter(f"there is no cmdlet {name:.80}; did you mean {known}?", field=name[:80])
