"""What a format command makes of objects: something to be shown, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console

from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import VIEWS, columns_of, show, show_list, show_table
from twinpool_services.cli.shell.values import Value, names_of, text_of

SELECTED = "Selected"  #: objects that Select-Object made
TEXT, RENDERING = "text", "rendering"  #: kinds of what is shown; others are types of objects
WIDEST_TABLE = 4  #: properties; objects with more are shown as lists unless their type has a table


@dataclass(frozen=True, slots=True)
class Rendering:
    """Objects, as a table or as a list."""

    objects: tuple[CmdletObject, ...]
    names: tuple[str, ...]  #: of the columns, or of the properties
    as_list: bool

    @classmethod
    def of_list(cls, value: Mapping[str, object]) -> Rendering:
        """Show one object with all its properties."""
        one = value if isinstance(value, CmdletObject) else CmdletObject("Object", value)
        return cls((one,), tuple(one), as_list=True)

    def __str__(self) -> str:
        """It is no text, and it has no properties."""
        return "(formatted for showing)"


def object_of(value: Value) -> CmdletObject | None:
    """Return a value as an object, None if it is a text, a number or a truth value."""
    if isinstance(value, CmdletObject):
        return value
    if isinstance(value, dict):
        return CmdletObject("Object", value)
    return None


class Screen:
    """Shows what statements yield: objects of one kind beside each other share a table, a blank line parts tables."""

    def __init__(self, out: Console) -> None:
        """Show it here."""
        self._out = out
        self._last = ""  #: kind of what was shown last

    def show(self, values: Sequence[Value]) -> None:
        """Show the values of one statement."""
        for kind, group in groupby(values, key=_kind):
            if self._last and (kind, self._last) != (TEXT, TEXT):
                self._out.print()
            self._last = kind
            self._show_group(kind, list(group))

    def _show_group(self, kind: str, items: list[Value]) -> None:
        if kind == TEXT:
            for item in items:
                self._out.print(text_of(item))
        elif kind == RENDERING:
            for item in items:
                _show_rendering(item, self._out)
        else:
            _show_objects([one for item in items if (one := object_of(item)) is not None], self._out)


def _kind(value: Value) -> str:
    if isinstance(value, Rendering):
        return RENDERING
    found = object_of(value)
    return TEXT if found is None else found.type_name


def _show_rendering(item: Value, out: Console) -> None:
    if isinstance(item, Rendering) and item.objects and item.names:
        (show_list if item.as_list else show_table)(item.objects, item.names, out)


def _show_objects(objects: list[CmdletObject], out: Console) -> None:
    if objects[0].type_name in VIEWS:
        show(objects, None, out)
        return
    names = names_of(objects)
    columns = columns_of(objects[0].type_name) or names
    if names:
        (show_table if len(names) <= WIDEST_TABLE else show_list)(objects, columns, out)
