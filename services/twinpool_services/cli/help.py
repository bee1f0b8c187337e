"""The help of a cmdlet, made from its table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Protocol

from twinpool_services.cli.cmdlet import Cmdlet
from twinpool_services.cli.parameters import Parameter

WIDTH = 78


class Described(Protocol):
    """What help is made of: a cmdlet, or a command of the shell."""

    @property
    def name(self) -> str:
        """What it is called by."""

    @property
    def synopsis(self) -> str:
        """One sentence."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its own."""

    @property
    def all_parameters(self) -> Sequence[Parameter]:
        """Its own, and those that it has in common with others."""

    @property
    def examples(self) -> tuple[str, ...]:
        """Lines that can be typed."""

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of its parameter sets."""


_COMMON = """\
  --format table|list|json
      How the result is shown.
  --deployment FILE
      The deployment file; else TWINPOOL_DEPLOYMENT, ./twinpool.toml,
      ./lab/twinpool.toml."""


def help_of(cmdlet: Described) -> str:
    """Return all that there is to say about a cmdlet."""
    parts = [
        cmdlet.synopsis,
        "SYNTAX\n" + "\n".join(syntaxes(cmdlet)),
        "PARAMETERS\n" + "\n".join(map(described, cmdlet.all_parameters)),
        *((_COMMON,) if isinstance(cmdlet, Cmdlet) else ()),
        examples_of(cmdlet),
        "Names may be written in any case, cut short while they stay clear, and followed by a blank or a colon.",
    ]
    return "\n\n".join([cmdlet.name, *(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts)]) + "\n"


def examples_of(cmdlet: Described) -> str:
    """Return lines that can be typed: into a shell of the system, or into the management shell."""
    return "EXAMPLES\n" + "\n".join(map(_example, cmdlet.examples))


def syntax_of(cmdlet: Described, set_name: str | None) -> str:
    """Return the syntax of one parameter set, as PowerShell writes it."""
    shown = (one for one in cmdlet.parameters if set_name is None or not one.sets or set_name in one.sets)
    return " ".join([cmdlet.name, *(_syntax(parameter) for parameter in shown)])


def syntaxes(cmdlet: Described) -> Iterator[str]:
    """Yield how a command is called, once for each parameter set."""
    for set_name in cmdlet.sets or (None,):
        yield textwrap.fill(
            syntax_of(cmdlet, set_name),
            WIDTH,
            initial_indent="  ",
            subsequent_indent="      ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _syntax(parameter: Parameter) -> str:
    name = f"-{parameter.name}" if parameter.position is None else f"[-{parameter.name}]"
    whole = name if parameter.is_switch else f"{name} <{parameter.type.label}>"
    return whole if parameter.mandatory else f"[{whole}]"


def described(parameter: Parameter) -> str:
    """Return what a parameter is, and what it does."""
    aliases = f" (alias {', '.join(parameter.aliases)})" if parameter.aliases else ""
    value = "" if parameter.is_switch else f" <{parameter.type.label}>"
    explained = textwrap.fill(parameter.meaning, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return f"  -{parameter.name}{value}{aliases}\n{explained}"


def _example(example: str) -> str:
    """Put the command's name in front, unless this is a line for the management shell."""
    return f"  {example}" if {"|", "$", "'"} & set(example) else _continued(f"twinpool {example}")


def _continued(command: str) -> str:
    """Break a long command so that a shell still takes it when it is pasted."""
    lines = textwrap.wrap(command, WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    return "  " + " \\\n      ".join(lines)
