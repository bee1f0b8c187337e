"""Shows what cmdlets return: as a table like the original's, as a list, or as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.text import Text

from twinpool_services.cli.backup_cmdlets import MODULE, RELATION, STATUS, STATUS_PROPERTIES
from twinpool_services.cli.common import Format
from twinpool_services.cli.diagnosis_types import (
    FINDING,
    FINDING_COLUMNS,
    JOURNEY,
    JOURNEY_PROPERTIES,
    STOP,
    STOP_COLUMNS,
)
from twinpool_services.cli.diagnosis_types import STYLES as DIAGNOSIS_STYLES
from twinpool_services.cli.drill_types import (
    DRILL,
    DRILL_COLUMNS,
    DRILL_PROPERTIES,
    DRILL_ROW,
    LAP,
    LAP_COLUMNS,
    PROBED,
    PROBED_COLUMNS,
)
from twinpool_services.cli.drill_types import STYLES as DRILL_STYLES
from twinpool_services.cli.failover_types import (
    CHECK,
    CHECK_COLUMNS,
    LOSS_COLUMNS,
    MODULE_LOSS,
    PLAN,
    PLAN_PROPERTIES,
    PROPOSAL,
    PROPOSAL_COLUMNS,
    RECEIPT,
    RECEIPT_MODULE,
    RECEIPT_MODULE_COLUMNS,
    RECEIPT_PROPERTIES,
    RECEIPT_ROW,
    RECEIPT_ROW_COLUMNS,
    RECEIPT_STEP,
    REPLICA,
    REPLICA_COLUMNS,
    STANDING,
    STANDING_COLUMNS,
    STEP_COLUMNS,
)
from twinpool_services.cli.failover_types import STYLES as FAILOVER_STYLES
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.orphan_types import (
    DIFFERING_LINE,
    LINE_COLUMNS,
    ORPHAN,
    ORPHAN_COLUMNS,
    ORPHAN_DETAIL,
    ORPHAN_PROPERTIES,
    OUTCOME,
    OUTCOME_COLUMNS,
)
from twinpool_services.cli.orphan_types import STYLES as ORPHAN_STYLES
from twinpool_services.cli.security_types import (
    BROKER_STEP,
    BROKER_STEP_COLUMNS,
    CERTIFICATE,
    CERTIFICATE_COLUMNS,
    POOL_KEY,
    POOL_KEY_COLUMNS,
)
from twinpool_services.cli.verification_types import (
    DIFFERENCE,
    DIFFERENCE_COLUMNS,
    MODULE_COLUMNS,
    MODULE_REPLICATION,
    REPLICATION,
    REPLICATION_PROPERTIES,
    VERIFICATION_COLUMNS,
    VERIFICATION_ROW,
)

NARROWEST = 12  #: columns that a cell keeps when the terminal has no room


@dataclass(frozen=True, slots=True)
class View:
    """How objects of a type are shown by default."""

    columns: tuple[str, ...] = ()  #: of its table
    header: tuple[str, ...] = ()  #: properties that stand above, as a list
    rows: str = ""  #: property that holds the rows of the table; empty if the objects are the rows themselves
    more: str = ""  #: property that holds the rows of a second table


VIEWS: Mapping[str, View] = {
    STATUS: View(header=STATUS_PROPERTIES, rows="BackupModules"),
    MODULE: View(columns=("Identity", "ExportStatus", "ImportStatus")),
    RELATION: View(columns=("PoolFqdn", "BackupPoolFqdn")),
    REPLICATION: View(header=REPLICATION_PROPERTIES, rows="BackupModules", more="Differences"),
    MODULE_REPLICATION: View(columns=MODULE_COLUMNS),
    DIFFERENCE: View(columns=DIFFERENCE_COLUMNS),
    ORPHAN: View(columns=ORPHAN_COLUMNS),
    ORPHAN_DETAIL: View(header=ORPHAN_PROPERTIES, rows="Difference"),
    DIFFERING_LINE: View(columns=LINE_COLUMNS),
    OUTCOME: View(columns=OUTCOME_COLUMNS),
    RECEIPT: View(header=RECEIPT_PROPERTIES, rows="Steps", more="Modules"),
    RECEIPT_STEP: View(columns=STEP_COLUMNS),
    RECEIPT_MODULE: View(columns=RECEIPT_MODULE_COLUMNS),
    RECEIPT_ROW: View(columns=RECEIPT_ROW_COLUMNS),
    PLAN: View(header=PLAN_PROPERTIES, rows="BackupModules"),
    MODULE_LOSS: View(columns=LOSS_COLUMNS),
    STANDING: View(columns=STANDING_COLUMNS),
    CHECK: View(columns=CHECK_COLUMNS),
    PROPOSAL: View(columns=PROPOSAL_COLUMNS),
    REPLICA: View(columns=REPLICA_COLUMNS),
    VERIFICATION_ROW: View(columns=VERIFICATION_COLUMNS),
    DRILL: View(header=DRILL_PROPERTIES, rows="BackupModules", more="Laps"),
    DRILL_ROW: View(columns=DRILL_COLUMNS),
    PROBED: View(columns=PROBED_COLUMNS),
    LAP: View(columns=LAP_COLUMNS),
    BROKER_STEP: View(columns=BROKER_STEP_COLUMNS),
    POOL_KEY: View(columns=POOL_KEY_COLUMNS),
    CERTIFICATE: View(columns=CERTIFICATE_COLUMNS),
    JOURNEY: View(header=JOURNEY_PROPERTIES, rows="Stops"),
    STOP: View(columns=STOP_COLUMNS),
    FINDING: View(columns=FINDING_COLUMNS),
}

STYLES = {
    "FinalState": "green",
    "SteadyState": "green",
    "NormalState": "green",
    "NonSteadyState": "yellow",
    "ErrorState": "bold red",
    "NotInitialized": "dim",
    "Equal": "green",
    "Repaired": "yellow",
    "NotVerified": "bold red",
    **ORPHAN_STYLES,
    **FAILOVER_STYLES,
    **DRILL_STYLES,
    **DIAGNOSIS_STYLES,
}


def console(*, to_errors: bool = False) -> Console:
    """Open standard output or error: coloured on a terminal alone, never if `NO_COLOR` is set."""
    return Console(stderr=to_errors, highlight=False, markup=False, emoji=False, soft_wrap=True)


def show(objects: Sequence[CmdletObject], format_: Format | None, out: Console) -> None:
    """Print objects; nothing if there are none."""
    if not objects:
        return
    if format_ is Format.JSON:
        plain = [to_plain(one) for one in objects]
        out.print(json.dumps(plain[0] if len(plain) == 1 else plain, indent=2, ensure_ascii=False))
        return
    for nth, (type_name, group) in enumerate(groupby(objects, key=lambda one: one.type_name)):
        view = VIEWS.get(type_name)
        if nth:
            out.print()
        _show_group(list(group), view, format_, out)


def show_table(objects: Sequence[CmdletObject], columns: Sequence[str], out: Console) -> None:
    """Print a table of these columns; what an object does not have stays empty."""
    _show_blocks([_table(objects, columns, _room(out))], out)


def show_list(objects: Sequence[CmdletObject], names: Sequence[str], out: Console) -> None:
    """Print these properties of each object, one a line."""
    _show_blocks((_list(one, names, out.width) for one in objects), out)


def columns_of(type_name: str) -> tuple[str, ...]:
    """Return the columns of the table of a type; nothing if it has none of its own."""
    return VIEWS[type_name].columns if type_name in VIEWS else ()


def to_plain(value: object) -> object:
    """Return what JSON can hold."""
    if isinstance(value, Mapping):
        return {str(name): to_plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(one) for one in value]
    return value


def _show_group(objects: list[CmdletObject], view: View | None, format_: Format | None, out: Console) -> None:
    if format_ is Format.LIST or (view is None and format_ is None):
        _show_blocks((_list(one, tuple(one), out.width) for one in objects), out)
    elif view is None:
        _show_blocks((_properties_table(one, _room(out)) for one in objects), out)
    elif view.rows:
        nested = ([line for name in (view.rows, view.more) for line in _nested(one, name, out)] for one in objects)
        heads = (_list(one, view.header, out.width) for one in objects)
        _show_blocks((head + tables for head, tables in zip(heads, nested, strict=True)), out)
    else:
        _show_blocks([_table(objects, view.columns, _room(out)) + _reasons(objects, out.width)], out)


def _show_blocks(blocks: Iterable[list[Text]], out: Console) -> None:
    """Print blocks of lines, with an empty line between them."""
    for nth, block in enumerate(blocks):
        if nth:
            out.print()
        for line in block:
            out.print(line)


def _nested(one: CmdletObject, name: str, out: Console) -> list[Text]:
    """Show the rows that a property of an object holds as the table of their own type."""
    value = one[name] if name else None
    rows = [row for row in value if isinstance(row, CmdletObject)] if isinstance(value, list) else []
    if not rows:
        return []
    columns = VIEWS[rows[0].type_name].columns
    return [Text(), *_table(rows, columns, _room(out)), *_reasons(rows, out.width)]


def _table(objects: Sequence[CmdletObject], columns: Sequence[str], room: int | None) -> list[Text]:
    cells = [[_cell(one.get(column)) for column in columns] for one in objects]
    return _aligned([list(columns), ["-" * len(column) for column in columns], *cells], room)


def _properties_table(one: CmdletObject, room: int | None) -> list[Text]:
    rows = [["Name", "Value"], ["----", "-----"], *([name, _cell(value)] for name, value in one.items())]
    return _aligned(rows, room)


def _aligned(rows: list[list[str]], room: int | None) -> list[Text]:
    """Align columns; where a terminal has no room, the widest column is cut."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    while room is not None and sum(widths) + len(widths) - 1 > room and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return [_line(row, widths) for row in rows]


def _line(row: list[str], widths: list[int]) -> Text:
    line = Text()
    for nth, (cell, width) in enumerate(zip(row, widths, strict=True)):
        shown = cell if len(cell) <= width else cell[: width - 1] + "…"
        line.append(shown, STYLES.get(cell))
        if nth < len(row) - 1:
            line.append(" " * (width - len(shown) + 1))
    return line


def _list(one: CmdletObject, names: Sequence[str], width: int) -> list[Text]:
    longest = max(len(name) for name in names)
    lines: list[Text] = []
    for name in names:
        value = _cell(one.get(name))
        first, *others = _wrapped(value, width - longest - 3) or [""]
        lines.append(Text(f"{name:{longest}} :") + (Text(f" {first}", STYLES.get(value, "")) if first else Text()))
        lines += [Text(" " * (longest + 3) + other) for other in others]
    return lines


def _reasons(rows: Iterable[CmdletObject], width: int) -> list[Text]:
    """Say under the table why a state is as it is."""
    lines = [line for row in rows if row.get("Reason") for line in _reason(row, width)]
    return [Text(), *lines] if lines else []


def _reason(row: CmdletObject, width: int) -> Iterator[Text]:
    for line in _wrapped(f"{_cell(row['Identity'])}: {_cell(row['Reason'])}", width - 2, indent="  "):
        yield Text(line)


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, max(width, NARROWEST), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _room(out: Console) -> int | None:
    """How wide a table may be; what is read by a program is never cut."""
    return out.width if out.is_terminal else None


def _cell(value: object) -> str:
    """Write a value in one line, as PowerShell does; what could steer a terminal is taken out."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "{" + ", ".join(_cell(one) for one in value) + "}"
    if isinstance(value, Mapping):
        return _cell(value.get("Identity", to_plain(value)))
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))
