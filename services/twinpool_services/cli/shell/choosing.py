"""The commands that choose among objects and bring them into order."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence

from twinpool.errors import InvalidParameter
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.parameters import SWITCH
from twinpool_services.cli.shell.object_command import (
    BLOCK,
    COUNT,
    OBJECT,
    STRING,
    STRINGS,
    Input,
    ObjectCommand,
    parameter,
)
from twinpool_services.cli.shell.operators import BINARY, apply, is_equal, number_of, order_of
from twinpool_services.cli.shell.rendering import SELECTED
from twinpool_services.cli.shell.values import (
    Value,
    find_property,
    is_true,
    items_of,
    joined,
    names_of,
    property_of,
    text_of,
)

MEASURE = "GenericMeasureInfo"


def expand_names(patterns: Sequence[str], items: Sequence[Value]) -> list[str]:
    """Return the names that patterns mean, as the objects spell them; without wildcards a name always means itself."""
    known = names_of(items)
    names: dict[str, None] = {}
    for pattern in patterns:
        meant = [name for name in known if fnmatch.fnmatchcase(name.casefold(), pattern.casefold())]
        if not meant and not set(pattern) & set("*?["):
            meant = [pattern]
        names |= dict.fromkeys(meant)
    return list(names)


def _select(call: Input) -> list[Value]:
    given, items = call.given, call.items
    if "Property" in given:
        names = expand_names(given.texts("Property"), items)
        items = [CmdletObject(SELECTED, {name: _property_or_none(item, name) for name in names}) for item in items]
    if "ExpandProperty" in given:
        if "Property" in given:
            raise InvalidParameter("-ExpandProperty and -Property cannot be used together", field="ExpandProperty")
        items = [one for item in items for one in items_of(property_of(item, given.text("ExpandProperty")))]
    if given.flag("Unique"):
        items = _distinct(items, _same)
    items = items[given.count("Skip") or 0 :]
    first, last = given.count("First"), given.count("Last")
    if first is not None and last is not None and first + last < len(items):
        return [*items[:first], *items[len(items) - last :]]
    if first is not None and last is None:
        return items[:first]
    return items if last is None or first is not None else items[max(0, len(items) - last) :]


def _where(call: Input) -> list[Value]:
    given = call.given
    block = given.block("FilterScript")
    if block is not None:
        if "Property" in given:
            raise InvalidParameter("-FilterScript and -Property cannot be used together", field="Property")
        return [item for item in call.items if is_true(joined(call.run_block(block, item)))]
    if "Property" not in given:
        raise InvalidParameter("Where-Object needs a block in braces, or a property", field="FilterScript")
    name = given.text("Property")
    operators = [one for one in sorted(BINARY) if one in given]
    if len(operators) > 1:
        raise InvalidParameter(f"-{operators[0]} and -{operators[1]} cannot be used together", field=operators[1])
    if not operators:
        if "Value" in given:
            raise InvalidParameter("an operator is missing between the property and the value", field="Value")
        return [item for item in call.items if is_true(_property_or_none(item, name)) != given.flag("Not")]
    wanted = given.get(operators[0])
    return [item for item in call.items if is_true(apply(operators[0], _property_or_none(item, name), wanted))]


def _sort(call: Input) -> list[Value]:
    given = call.given
    names = given.texts("Property")

    def key(item: Value) -> tuple[tuple[int, float | str], ...]:
        values = [_property_or_none(item, name) for name in names] if names else [item]
        return tuple((-1, "") if value is None else order_of(value) for value in values)

    items = sorted(call.items, key=key, reverse=given.flag("Descending"))
    return _distinct(items, lambda one, other: key(one) == key(other)) if given.flag("Unique") else items


def _for_each(call: Input) -> list[Value]:
    given = call.given
    block = given.block("Process")
    if block is not None:
        return [one for item in call.items for one in call.run_block(block, item)]
    if "MemberName" not in given:
        raise InvalidParameter("ForEach-Object needs a block in braces, or the name of a property", field="Process")
    return [one for item in call.items for one in items_of(property_of(item, given.text("MemberName")))]


def _measure(call: Input) -> list[Value]:
    given, items = call.given, call.items
    names = expand_names(given.texts("Property"), items)
    return [_measured(call, items, None)] if not names else [_measured(call, items, name) for name in names]


def _measured(call: Input, items: Sequence[Value], name: str | None) -> CmdletObject:
    wanted = [one for one in _MEASURES if call.given.flag(one)]
    values = [item if name is None else _property_or_none(item, name) for item in items]
    present = [value for value in values if value is not None]
    numbers = [_require_number(value) for value in present] if wanted else []
    results = {one: _MEASURES[one](numbers) if numbers and one in wanted else None for one in _MEASURES}
    return CmdletObject(MEASURE, {"Count": len(present), **results, "Property": name})


_MEASURES: Mapping[str, Callable[[Sequence[int | float]], int | float]] = {
    "Average": lambda numbers: sum(numbers) / len(numbers),
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
}


def _require_number(value: Value) -> int | float:
    number = number_of(value)
    if number is None:
        raise InvalidParameter(f"{text_of(value)!r:.60} is no number, so it cannot be measured")
    return number


def _property_or_none(item: Value, name: str) -> Value:
    found = find_property(item, name)
    if found is None and name.casefold() == "length" and isinstance(item, str):
        return len(item)
    return found[1] if found else None


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return dict(one) == dict(other)
    return is_equal(one, other)


def _distinct(items: Iterable[Value], same: Callable[[Value, Value], bool]) -> list[Value]:
    kept: list[Value] = []
    for item in items:
        if not any(same(one, item) for one in kept):
            kept.append(item)
    return kept


COMMANDS = (
    ObjectCommand(
        name="Select-Object",
        synopsis="Takes some properties of each object, or some of the objects.",
        parameters=(
            parameter("Property", STRINGS, "Names of properties; wildcards are allowed.", position=0),
            parameter("ExpandProperty", STRING, "Yield what this property holds, not objects."),
            parameter("First", COUNT, "So many from the beginning."),
            parameter("Last", COUNT, "So many from the end."),
            parameter("Skip", COUNT, "Leave out so many at the beginning."),
            parameter("Unique", SWITCH, "Each once."),
        ),
        run=_select,
        examples=("$status.BackupModules | Select-Object Identity, ExportStatus", "Get-CsPool | select -First 1"),
        aliases=("select",),
    ),
    ObjectCommand(
        name="Where-Object",
        synopsis="Lets those objects through for which a block, or a comparison of one property, is true.",
        parameters=(
            parameter("FilterScript", BLOCK, "Is run for each object, which it finds in $_.", position=0),
            parameter("Property", STRING, "Name of a property.", position=0),
            parameter("Value", OBJECT, "What the property is compared with, behind an operator.", position=1),
            *(parameter(name, OBJECT, f"Compare by -{name}.") for name in sorted(BINARY)),
            parameter("Not", SWITCH, "Let those through of which the property is empty, zero or false."),
        ),
        run=_where,
        examples=(
            "$status.BackupModules | Where-Object { $_.ExportStatus -eq 'FinalState' }",
            "$status.BackupModules | where ExportStatus -ne FinalState",
        ),
        aliases=("where", "?"),
    ),
    ObjectCommand(
        name="Sort-Object",
        synopsis="Brings objects into the order of properties.",
        parameters=(
            parameter("Property", STRINGS, "Names of properties.", position=0),
            parameter("Descending", SWITCH, "Greatest first."),
            parameter("Unique", SWITCH, "Of those that are equal, one."),
        ),
        run=_sort,
        examples=("$status.BackupModules | Sort-Object PendingChanges -Descending",),
        aliases=("sort",),
    ),
    ObjectCommand(
        name="ForEach-Object",
        synopsis="Runs a block for each object, or takes one property of each.",
        parameters=(
            parameter("Process", BLOCK, "Is run for each object, which it finds in $_.", position=0),
            parameter("MemberName", STRING, "Name of a property.", position=0),
        ),
        run=_for_each,
        examples=("'pool1.lab', 'pool2.lab' | ForEach-Object { Get-CsBackupServiceStatus -PoolFqdn $_ }",),
        aliases=("foreach", "%"),
    ),
    ObjectCommand(
        name="Measure-Object",
        synopsis="Counts objects, and adds up what their properties hold.",
        parameters=(
            parameter("Property", STRINGS, "Names of properties.", position=0),
            *(parameter(name, SWITCH, f"Tell the {name.lower()} of the numbers.") for name in _MEASURES),
        ),
        run=_measure,
        examples=("$status.BackupModules | Measure-Object PendingChanges -Sum",),
        aliases=("measure",),
    ),
)
