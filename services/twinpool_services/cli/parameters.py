"""What a cmdlet's parameter is: its name, its type, and whether it has to be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterType:
    """Reads the text of a command line."""

    label: str  #: as help shows it, for example `Fqdn`
    read: Callable[[str], object]  #: raises `ValueError`, whose message says what is expected
    is_list: bool = False  #: takes several, parted by commas
    takes_objects: bool = False  #: takes an object of the shell as well, which is read as its JSON


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
    no_effect: str = ""  #: why it is accepted and changes nothing; whoever gives it is warned
    refused: str = ""  #: why it cannot be given
    by_value: bool = False  #: takes an object of the shell's pipeline
    by_property_name: bool = False  #: takes the property of its name of such an object

    @property
    def meaning(self) -> str:
        """What it does, and what it does not do."""
        said = self.help
        if self.no_effect:
            said += f" Accepted without effect: {self.no_effect}."
        return (said + (f" Refused: {self.refused}." if self.refused else "")).strip()

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


def unused(name: str, type_: ParameterType, why: str, *aliases: str) -> Parameter:
    """Make a parameter that scripts may give and that changes nothing."""
    default = False if type_ is SWITCH else None
    return Parameter(name=name, type=type_, help="", no_effect=why, default=default, aliases=aliases)


def refused(name: str, type_: ParameterType, why: str, **more: Any) -> Parameter:
    """Make a parameter that nobody may give; a switch may be given as false."""
    default = False if type_ is SWITCH else None
    return Parameter(name=name, type=type_, help="", refused=why, default=default, **more)


BOOLEAN = ParameterType(label="Boolean", read=read_switch)

FORCE = switch("Force", "Leave out warnings, and do not ask.")
WHAT_IF = switch("WhatIf", "Say what would be done, and do nothing.", "wi")
CONFIRM = switch("Confirm", "Ask before doing it.", "cf")
VERBOSE = switch("Verbose", "Say what is asked of which front end, and what it answers.", "vb")
ERROR_ACTION = Parameter(
    name="ErrorAction",
    type=choice("Stop|Continue|SilentlyContinue", "Stop", "Continue", "SilentlyContinue"),
    help="What an error does: ends the script, is said, or is not even said; the exit code tells it anyway.",
    aliases=("ea",),
)

#: What every cmdlet takes beside its own.
COMMON = (VERBOSE, ERROR_ACTION)
