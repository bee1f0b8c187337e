"""The help of a cmdlet, made from its table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from twinpool_services.cli.cmdlet import Cmdlet
from twinpool_services.cli.parameters import Parameter

WIDTH = 78

_COMMON = """\
  --format table|list|json
      How the result is shown.
  --deployment FILE
      The deployment file; else TWINPOOL_DEPLOYMENT, ./twinpool.toml,
      ./lab/twinpool.toml."""


def help_of(cmdlet: Cmdlet) -> str:
    """Return all that there is to say about a cmdlet."""
    parts = [
        cmdlet.synopsis,
        "SYNTAX\n" + "\n".join(_syntaxes(cmdlet)),
        "PARAMETERS\n" + "\n".join(_described(parameter) for parameter in cmdlet.parameters),
        _COMMON,
        "EXAMPLES\n" + "\n".join(_continued(f"twinpool {example}") for example in cmdlet.examples),
        "Names may be written in any case, cut short while they stay clear, and followed by a blank or a colon.",
    ]
    return "\n\n".join([cmdlet.name, *(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts)]) + "\n"


def syntax_of(cmdlet: Cmdlet, set_name: str | None) -> str:
    """Return the syntax of one parameter set, as PowerShell writes it."""
    shown = (one for one in cmdlet.parameters if set_name is None or not one.sets or set_name in one.sets)
    return " ".join([cmdlet.name, *(_syntax(parameter) for parameter in shown)])


def _syntaxes(cmdlet: Cmdlet) -> Iterator[str]:
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


def _described(parameter: Parameter) -> str:
    aliases = f" (alias {', '.join(parameter.aliases)})" if parameter.aliases else ""
    value = "" if parameter.is_switch else f" <{parameter.type.label}>"
    explained = textwrap.fill(parameter.help, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return f"  -{parameter.name}{value}{aliases}\n{explained}"


def _continued(command: str) -> str:
    """Break a long command so that a shell still takes it when it is pasted."""
    lines = textwrap.wrap(command, WIDTH - 6, break_long_words=False, break_on_hyphens=False)
    return "  " + " \\\n      ".join(lines)
