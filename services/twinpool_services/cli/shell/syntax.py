"""What the text of a shell means: a tree of frozen nodes, each with the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from twinpool.errors import Invalid


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; both count from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


class ShellSyntaxError(Invalid):
    """The text is not of the language."""

    hint = "Get-Help shell says what the shell understands."

    def __init__(self, message: str, place: Place) -> None:
        """Say what is wrong; where it is stands beside it."""
        super().__init__(message)
        self.place = place


class Unfinished(ShellSyntaxError):
    """The text ends before it is whole: somebody at a prompt may go on with the next line."""


# ── expressions ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, or a text in which nothing is replaced."""

    value: str | int | float
    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A text some of whose parts are computed."""

    parts: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Property:
    """`target.name`."""

    target: Expression
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Index:
    """`target[index]`."""

    target: Expression
    index: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Unary:
    """`-not operand`, and a number's minus."""

    operator: str
    operand: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """`left -operator right`; the operator without its dash, in lower case."""

    operator: str
    left: Expression
    right: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Listing:
    """`a, b, c`."""

    items: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Group:
    """`( … )` and `$( … )`: what a script yields, one thing or a list; `@( … )`: always a list."""

    script: Script
    always_list: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """`{ … }`: a script that somebody else runs, once for each object."""

    script: Script
    place: Place


Expression = Literal | Text | Variable | Property | Index | Unary | Binary | Listing | Group | Block

# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Named:
    """`-Name`, or `-Name:value`."""

    name: str
    value: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Argument:
    """A value without a name, or after one."""

    value: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Command:
    """A cmdlet, an object command or an alias, with what follows it."""

    name: str
    arguments: tuple[Named | Argument, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Objects that flow from the first to the last; only the first may be an expression."""

    first: Command | Expression
    others: tuple[Command, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Assignment:
    """`$name = …`, or `$name.Property = …`."""

    variable: str
    properties: tuple[str, ...]
    value: Pipeline
    place: Place


@dataclass(frozen=True, slots=True)
class Exit:
    """`exit`, or `exit 3`."""

    code: Expression | None
    place: Place


Statement = Pipeline | Assignment | Exit


@dataclass(frozen=True, slots=True)
class Script:
    """Statements, one after the other."""

    statements: tuple[Statement, ...]
