"""Gives the arguments of a command to its parameters: by name, by place, and from the pipeline."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinpool.errors import InvalidParameter
from twinpool_services.cli.binding import find_parameter
from twinpool_services.cli.cmdlet import Cmdlet
from twinpool_services.cli.output import to_plain
from twinpool_services.cli.parameters import Parameter
from twinpool_services.cli.shell.operators import number_of
from twinpool_services.cli.shell.syntax import Block
from twinpool_services.cli.shell.values import Value, find_property, is_true, text_of, type_of


@dataclass(frozen=True, slots=True)
class Passed:
    """One argument whose value is known."""

    name: str | None  #: as it was typed, None if it has none
    has_value: bool
    value: Value = None


def place(command: str, parameters: Sequence[Parameter], passed: Sequence[Passed]) -> dict[str, Value]:
    """Return what each parameter is given, by its own name. Raises `InvalidParameter`."""
    given: dict[str, Value] = {}
    queue = list(passed)
    while queue:
        one = queue.pop(0)
        if one.name is None:
            parameter = _next_by_position(command, parameters, given, one.value)
            value = one.value
        else:
            parameter = find_parameter(parameters, one.name, command)
            value = one.value if one.has_value else _following(parameter, queue)
        if parameter.name in given:
            raise InvalidParameter(f"-{parameter.name} is given twice", field=parameter.name)
        given[parameter.name] = value
    return given


def texts_of(cmdlet: Cmdlet, given: Mapping[str, Value]) -> dict[str, str]:
    """Return values as the texts that a cmdlet's parameters read. Raises `InvalidParameter`."""
    by_name = {parameter.name: parameter for parameter in cmdlet.all_parameters}
    return {name: _text_for(by_name[name], value) for name, value in given.items()}


def from_pipeline(cmdlet: Cmdlet, given: Mapping[str, Value], item: Value) -> dict[str, Value]:
    """Return what is given, and what an object of the pipeline adds. Raises `InvalidParameter` if it adds nothing."""
    added: dict[str, Value] = {}
    for parameter in cmdlet.parameters:
        if parameter.name in given:
            continue
        if parameter.by_value and parameter.type.takes_objects == isinstance(item, Mapping):
            added[parameter.name] = item
        elif parameter.by_property_name and (found := find_property(item, parameter.name)):
            added[parameter.name] = found[1]
    if not added:
        takes = [f"-{one.name}" for one in cmdlet.parameters if one.by_value or one.by_property_name]
        what = f"takes {', '.join(takes)} from the pipeline" if takes else "takes nothing from the pipeline"
        raise InvalidParameter(f"{cmdlet.name} {what}; there came {type_of(item)}{_hint(takes, item)}")
    return {**given, **added}


class Given:
    """What a command of the shell's own was given."""

    def __init__(self, command: str, values: Mapping[str, Value]) -> None:
        """Remember values by parameter."""
        self._command, self._values = command, values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> Value:
        """Return a value, None if it was not given."""
        return self._values.get(name)

    def flag(self, name: str) -> bool:
        """Return a switch."""
        return is_true(self._values.get(name))

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        return text_of(self._values[name]) if name in self._values else default

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty if it was not given."""
        value = self._values.get(name, [])
        return [text_of(one) for one in (value if isinstance(value, list) else [value])]

    def count(self, name: str) -> int | None:
        """Return a number of things. Raises `InvalidParameter`."""
        if name not in self._values:
            return None
        number = number_of(self._values[name])
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise InvalidParameter(f"-{name} {self.text(name)!r:.60}: must be a whole number from 0", field=name)
        return number

    def block(self, name: str) -> Block | None:
        """Return a script block. Raises `InvalidParameter` for anything else."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, Block):
            raise InvalidParameter(f"-{name} of {self._command} takes a block in braces", field=name)
        return value


def _next_by_position(
    command: str, parameters: Sequence[Parameter], given: Mapping[str, Value], value: Value
) -> Parameter:
    placed = sorted(
        (one for one in parameters if one.position is not None and one.name not in given and _fits(one, value)),
        key=lambda one: one.position or 0,
    )
    if placed:
        return placed[0]
    names = ", ".join(f"-{one.name}" for one in parameters)
    raise InvalidParameter(f"{command} cannot take {text_of(value)!r:.60} without a parameter's name; it has {names}")


def _fits(parameter: Parameter, value: Value) -> bool:
    """Blocks go where blocks are taken."""
    return (parameter.type.label == "ScriptBlock") == isinstance(value, Block)


def _following(parameter: Parameter, queue: list[Passed]) -> Value:
    if parameter.is_switch:
        return True
    if not queue or queue[0].name is not None:
        raise InvalidParameter(f"-{parameter.name} needs a value: <{parameter.type.label}>", field=parameter.name)
    return queue.pop(0).value


def _text_for(parameter: Parameter, value: Value) -> str:
    if value is None:
        raise InvalidParameter(f"-{parameter.name} is given nothing ($null)", field=parameter.name)
    if isinstance(value, Mapping) and parameter.type.takes_objects:
        return json.dumps(to_plain(value), ensure_ascii=False)
    if isinstance(value, list) and parameter.type.is_list:
        return ",".join(_text_for(parameter, one) for one in value)
    if isinstance(value, list | Mapping | Block):
        what = f"takes {parameter.type.label}, and no {type_of(value)}"
        raise InvalidParameter(f"-{parameter.name} {what}", field=parameter.name)
    return str(value)


def _hint(takes: Sequence[str], item: Value) -> str:
    return "; choose a property with ForEach-Object or Select-Object -ExpandProperty" if takes and item else ""
