"""What flows through the shell: nothing, truth values, numbers, texts, objects, lists and script blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from twinpool.errors import InvalidParameter
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import to_plain
from twinpool_services.cli.shell.syntax import Block

Value = object  #: None, bool, int, float, str, Mapping, list or Block

COUNTS = frozenset({"count", "length"})


def from_json(value: object) -> Value:
    """Return a value of the shell: what is a tuple elsewhere is a list here."""
    if isinstance(value, list | tuple):
        return [from_json(one) for one in value]
    return value


def is_true(value: Value) -> bool:
    """Whether a value counts as true: nothing, zero, an empty text and an empty list do not."""
    if isinstance(value, list):
        return len(value) > 1 or (len(value) == 1 and is_true(value[0]))
    if isinstance(value, Mapping | Block):
        return True
    return bool(value)


def text_of(value: Value) -> str:
    """Return a value as text, as PowerShell puts it into a string."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " ".join(text_of(one) for one in value)
    if isinstance(value, Mapping):
        return json.dumps(to_plain(value), ensure_ascii=False)
    if isinstance(value, Block):
        return "{…}"
    return str(value)


def items_of(value: Value) -> list[Value]:
    """Return what a value puts into a pipeline: the items of a list, nothing for nothing."""
    if isinstance(value, list):
        return list(value)
    return [] if value is None else [value]


def joined(values: list[Value]) -> Value:
    """Return what a variable takes of a pipeline: nothing, the one thing, or the list."""
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def find_property(value: Value, name: str) -> tuple[str, Value] | None:
    """Find a property by its name in any case; return it with its own name, None if there is none."""
    if not isinstance(value, Mapping):
        return None
    for known, found in value.items():
        if str(known).casefold() == name.casefold():
            return str(known), from_json(found)
    return None


def property_of(value: Value, name: str) -> Value:
    """Return a property; of a list, that of each of its items. Raises `InvalidParameter` if there is none."""
    if found := find_property(value, name):
        return found[1]
    if name.casefold() in COUNTS and (isinstance(value, list) or not isinstance(value, str | Mapping)):
        return len(items_of(value))
    if name.casefold() in COUNTS and isinstance(value, str):
        return len(value) if name.casefold() == "length" else 1
    if name.casefold() in COUNTS:
        return 1
    if isinstance(value, list) and any(find_property(one, name) for one in value):
        return [item for one in value if (found := find_property(one, name)) for item in items_of(found[1])]
    raise InvalidParameter(f"there is no property {name:.80}; {_what_there_is(value)}", field=name[:80])


def with_property(value: Value, path: tuple[str, ...], new: Value) -> Value:
    """Return an object with another value of a property. Raises `InvalidParameter` if there is none."""
    name, *rest = path
    found = find_property(value, name)
    if found is None or not isinstance(value, Mapping):
        raise InvalidParameter(f"there is no property {name:.80}; {_what_there_is(value)}", field=name[:80])
    inner = with_property(found[1], tuple(rest), new) if rest else new
    properties = {**value, found[0]: inner}
    return CmdletObject(value.type_name, properties) if isinstance(value, CmdletObject) else properties


def item_at(value: Value, index: Value) -> Value:
    """Return an item of a list, from the end if negative; a property of an object. Raises `InvalidParameter`."""
    if isinstance(index, str):
        return property_of(value, index)
    if not isinstance(index, int) or isinstance(index, bool):
        raise InvalidParameter("an index is a whole number, or the name of a property")
    items = list(value) if isinstance(value, str) else items_of(value)
    if not -len(items) <= index < len(items):
        raise InvalidParameter(f"there is no item {index}: there are {len(items)}")
    return items[index]


def type_of(value: Value) -> str:
    """Name the type of a value."""
    if isinstance(value, CmdletObject):
        return value.type_name
    names = {bool: "Boolean", int: "Int64", float: "Double", str: "String", list: "Object[]", Block: "ScriptBlock"}
    return "Null" if value is None else names.get(type(value), "Object")


def names_of(values: Iterable[Value]) -> list[str]:
    """Return the names of all properties of some objects, in the order in which they come."""
    names: dict[str, None] = {}
    for value in values:
        if isinstance(value, Mapping):
            names |= dict.fromkeys(str(name) for name in value)
    return list(names)


def _what_there_is(value: Value) -> str:
    names = names_of(items_of(value))
    return f"there are {', '.join(names)}" if names else f"{type_of(value)} has none"
