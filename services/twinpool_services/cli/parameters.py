"""What a cmdlet's parameter is: its name, its type, and whether it has to be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterType:
    """Reads the text of a command line."""

    label: str  #: as help shows it, for example `Fqdn`
    read: Callable[[str], object]  #: raises `ValueError`, whose message says what is expected
    is_list: bool = False  #: takes several, parted by commas


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One row of a cmdlet's table of parameters."""

    name: str  #: as PowerShell spells it
    type: ParameterType
    help: str
    mandatory: bool = False
    default: object = None
    aliases: tuple[str, ...] = ()
    position: int | None = None  #: may be given without its name, at this place
    sets: frozenset[str] = frozenset()  #: parameter sets that it belongs to; empty: all of them

    @property
    def is_switch(self) -> bool:
        """Whether naming it is enough."""
        return self.type is SWITCH


def read_switch(text: str) -> bool:
    """Read what may stand after the colon of a switch."""
    truths = {"$true": True, "true": True, "1": True, "$false": False, "false": False, "0": False}
    if text.lower() not in truths:
        raise ValueError("must be $true or $false")
    return truths[text.lower()]


def choice(label: str, *words: str) -> ParameterType:
    """Make the type of an enumeration; words are taken in any case."""
    by_word = {word.casefold(): word for word in words}

    def read(text: str) -> str:
        if text.casefold() not in by_word:
            raise ValueError(f"must be one of {', '.join(words)}")
        return by_word[text.casefold()]

    return ParameterType(label=label, read=read)


SWITCH = ParameterType(label="switch", read=read_switch)
TEXT = ParameterType(label="String", read=str)


def switch(name: str, help_: str, *aliases: str) -> Parameter:
    """Make a parameter that is false unless named."""
    return Parameter(name=name, type=SWITCH, help=help_, default=False, aliases=aliases)


FORCE = switch("Force", "Leave out warnings, and do not ask.")
WHAT_IF = switch("WhatIf", "Say what would be done, and do nothing.", "wi")
CONFIRM = switch("Confirm", "Ask before doing it.", "cf")
