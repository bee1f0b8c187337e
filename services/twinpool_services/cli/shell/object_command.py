"""What a command of the shell's own is: it takes the objects of a pipeline and yields others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twinpool_services.cli.parameters import ERROR_ACTION, Parameter, ParameterType
from twinpool_services.cli.shell.arguments import Given
from twinpool_services.cli.shell.syntax import Block
from twinpool_services.cli.shell.values import Value

RunBlock = Callable[[Block, Value], list[Value]]  #: runs a block with `$_` as this object


@dataclass(frozen=True, slots=True)
class Input:
    """What a command works on."""

    given: Given
    items: list[Value]  #: of the pipeline
    run_block: RunBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCommand:
    """One command."""

    name: str
    synopsis: str  #: one sentence
    parameters: tuple[Parameter, ...]
    run: Callable[[Input], list[Value]]
    examples: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    sets: tuple[str, ...] = field(default=())  #: its rules are few, and it tells them itself

    @property
    def all_parameters(self) -> Sequence[Parameter]:
        """Its own, and what every command has."""
        return (*self.parameters, ERROR_ACTION)


BLOCK = ParameterType(label="ScriptBlock", read=str)
OBJECT = ParameterType(label="Object", read=str)
STRING = ParameterType(label="String", read=str)
STRINGS = ParameterType(label="String[]", read=str, is_list=True)
COUNT = ParameterType(label="Int32", read=str)


def parameter(name: str, type_: ParameterType, help_: str, position: int | None = None) -> Parameter:
    """Make one parameter."""
    return Parameter(name=name, type=type_, help=help_, position=position)
