"""What may come next on a line that is being typed: pure, from what the shell knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from twinpool.errors import InvalidParameter
from twinpool_services.cli.binding import DASHES, find_parameter
from twinpool_services.cli.parameters import Parameter
from twinpool_services.cli.shell.catalogue import Catalogue, Runnable
from twinpool_services.cli.shell.operators import BINARY, LOGICAL
from twinpool_services.cli.shell.scanner import QUOTES
from twinpool_services.cli.shell.values import Value, find_property, items_of, names_of, property_of

_VARIABLE = re.compile(r"\$(?P<path>\w*(?:\.\w+|\[-?\d+\])*?)(?P<dot>\.)?(?P<begun>\w*)$", re.ASCII)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>-?\d+)\]", re.ASCII)
_WORD = re.compile(rf"[^\s|;(){{}},{re.escape(QUOTES)}]*$")
_PARTS = re.compile(r"'[^']*'|\"[^\"]*\"|[|;(){}=\n]|[^\s|;(){}=]+")
_DASHED = re.compile(rf"[{DASHES}]{{1,2}}(?P<name>[\w?]*)$", re.ASCII)

#: Behind these, names of properties come without a dash.
TAKE_PROPERTIES = frozenset(
    {"Select-Object", "Where-Object", "Sort-Object", "Measure-Object", "ForEach-Object", "Format-Table", "Format-List"}
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on."""

    text: str
    replaces: int  #: letters before the cursor that it stands for
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the shell knows."""

    catalogue: Catalogue
    pools: Sequence[str] = ()
    modules: Sequence[str] = ()
    front_ends: Sequence[str] = ()
    variables: Mapping[str, Value] = field(default_factory=dict)


def complete(before: str, known: Knowledge) -> list[Candidate]:
    """Return how the text before the cursor may go on."""
    if before.count("'") % 2 and before.count('"') % 2 == 0:
        return []
    if match := _VARIABLE.search(before):
        return list(_of_variable(match, before, known))
    return list(_of_word(before, known))


def _of_variable(match: re.Match[str], before: str, known: Knowledge) -> Iterator[Candidate]:
    if match["dot"]:
        names = _names_behind(match["path"], before, known)
        yield from _begun(match["begun"], ((name, "property") for name in names))
        return
    own = [(f"${name}", "variable") for name in known.variables]
    constants = [(f"${name}", "") for name in ("true", "false", "null", "_", "LASTEXITCODE")]
    yield from _begun(match[0], [*own, *constants])


def _names_behind(path: str, before: str, known: Knowledge) -> list[str]:
    """Name the properties of what a path leads to; of `$_`, those of what flows into the block."""
    if path == "_":
        return _names_flowing(before, known)
    value = _follow(path, known.variables)
    return names_of(items_of(value))


def _names_flowing(before: str, known: Knowledge) -> list[str]:
    """Name the properties of the objects in front of the last pipe, if they come from a variable."""
    in_front, pipe, _behind = before.rpartition("|")
    match = re.search(r"\$(?P<path>\w+(?:\.\w+|\[-?\d+\])*)\s*$", in_front, re.ASCII)
    if match and pipe:
        return names_of(items_of(_follow(match["path"], known.variables)))
    return _names_flowing(in_front, known) if pipe else []


def _follow(path: str, variables: Mapping[str, Value]) -> Value:
    name = re.match(r"\w*", path, re.ASCII)
    found = find_property(variables, name[0] if name else "")
    value = found[1] if found else None
    for step in _STEP.finditer(path):
        try:
            value = property_of(value, step["name"]) if step["name"] else items_of(value)[int(step["index"])]
        except (InvalidParameter, IndexError):
            return None
    return value


def _of_word(before: str, known: Knowledge) -> Iterator[Candidate]:
    begun = _word_begun(before)
    words = _words_of_command(before[: len(before) - len(begun)])
    if not words:
        yield from _begun(begun, _commands(known))
        return
    dashed = _DASHED.match(begun)
    try:
        command = known.catalogue[words[0]]
    except InvalidParameter:
        if dashed and words[0][0] in f"${QUOTES}0123456789":
            yield from _begun(begun, ((f"-{name}", "operator") for name in sorted(BINARY | LOGICAL)))
        return
    if dashed:
        yield from _names(command, dashed["name"], begun)
        return
    yield from _begun(begun, _values(command, words, before, known))


def _word_begun(before: str) -> str:
    match = _WORD.search(before)
    return match[0] if match else ""


def _words_of_command(before: str) -> list[str]:
    """Return the words of the command that is being typed; none where a command begins."""
    words: list[str] = []
    for part in _PARTS.findall(before):
        words = [] if part in "|;({}=\n" else [*words, part]
    return words


def _commands(known: Knowledge) -> Iterator[tuple[str, str]]:
    for command in known.catalogue:
        yield command.name, command.synopsis
    yield from sorted(known.catalogue.aliases.items())


def _names(command: Runnable, begun: str, typed: str) -> Iterator[Candidate]:
    for parameter in command.all_parameters:
        if parameter.name.casefold().startswith(begun.casefold()) and not parameter.refused:
            yield Candidate(f"-{parameter.name}", len(typed), parameter.meaning)


def _values(command: Runnable, words: Sequence[str], before: str, known: Knowledge) -> Iterator[tuple[str, str]]:
    parameter = _expecting(command, words)
    if command.name in TAKE_PROPERTIES and (parameter is None or parameter.position == 0):
        for name in _names_flowing(before, known):
            yield name, "property"
    elif command.name == "Get-Help":
        yield from _commands(known)
    elif parameter is not None:
        for text in _values_of(parameter, known):
            yield text, parameter.name


def _expecting(command: Runnable, words: Sequence[str]) -> Parameter | None:
    """Return the parameter whose value comes next: the one just named, else the first with a place."""
    own = tuple(command.all_parameters)
    named = _DASHED.fullmatch(words[-1])
    if named:
        try:
            found = find_parameter(own, named["name"], command.name)
        except InvalidParameter:
            return None
        if not found.is_switch:
            return found
    return next((one for one in own if one.position == 0), None)


def _values_of(parameter: Parameter, known: Knowledge) -> Sequence[str]:
    if parameter.name == "BackupModule":
        return ["All", *known.modules]
    if parameter.type.label == "Fqdn" or parameter.name == "ReplicaFqdn":
        return known.pools
    if parameter.name == "ServersToIgnore":
        return known.front_ends
    if parameter.type.label == "XdsIdentity":
        return ["Global"]
    return parameter.type.label.split("|") if "|" in parameter.type.label else ()


def _begun(begun: str, options: Iterator[tuple[str, str]] | Sequence[tuple[str, str]]) -> Iterator[Candidate]:
    for text, meaning in options:
        if text.casefold().startswith(begun.casefold()) and text.casefold() != begun.casefold():
            yield Candidate(text, len(begun), meaning)
