"""The commands that show objects, or turn them into the text of other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from twinpool.errors import InvalidParameter, TwinpoolError
from twinpool_services.cli.objects import CmdletObject
from twinpool_services.cli.output import columns_of, to_plain
from twinpool_services.cli.parameters import SWITCH
from twinpool_services.cli.shell.choosing import expand_names
from twinpool_services.cli.shell.object_command import OBJECT, STRING, STRINGS, Input, ObjectCommand, parameter
from twinpool_services.cli.shell.rendering import Rendering, Screen, object_of
from twinpool_services.cli.shell.values import Value, find_property, items_of, names_of, text_of, type_of

MEMBER = "MemberDefinition"
FILE_WIDTH = 200  #: columns of what Out-File writes


def _format(*, as_list: bool) -> Callable[[Input], list[Value]]:
    def run(call: Input) -> list[Value]:
        shown: list[Value] = []
        group: list[CmdletObject] = []
        for item in call.items:
            found = object_of(item)
            if found is None:
                shown += [*_rendered(call, group, as_list=as_list), item]
                group = []
            elif group and found.type_name != group[0].type_name:
                shown += _rendered(call, group, as_list=as_list)
                group = [found]
            else:
                group.append(found)
        return shown + _rendered(call, group, as_list=as_list)

    return run


def _rendered(call: Input, objects: list[CmdletObject], *, as_list: bool) -> list[Value]:
    if not objects:
        return []
    if "Property" in call.given:
        names = expand_names(call.given.texts("Property"), objects)
    else:
        usual = () if as_list else columns_of(objects[0].type_name)
        names = list(usual) or names_of(objects)
    return [Rendering(tuple(objects), tuple(names), as_list)]


def _to_json(call: Input) -> list[Value]:
    plain = [to_plain(_require_data(item)) for item in call.items]
    if not plain:
        return []
    value = plain if call.given.flag("AsArray") or len(plain) > 1 else plain[0]
    return [json.dumps(value, indent=None if call.given.flag("Compress") else 2, ensure_ascii=False)]


def _from_json(call: Input) -> list[Value]:
    try:
        read = json.loads("\n".join(text_of(item) for item in call.items))
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"that is no JSON: {error}") from error
    return [CmdletObject("Object", one) if isinstance(one, dict) else one for one in items_of(read)]


def _to_csv(call: Input) -> list[Value]:
    return list(_csv_lines(call))


def _export_csv(call: Input) -> list[Value]:
    lines = _csv_lines(call)
    _write(call, "".join(f"{line}\n" for line in (lines[1:] if _appends_to_something(call) else lines)), "Path")
    return []


def _csv_lines(call: Input) -> list[str]:
    objects = [_require_object(item) for item in call.items]
    names = names_of(objects[:1])
    delimiter = call.given.text("Delimiter", ",")
    if len(delimiter) != 1 or not delimiter.isprintable() or delimiter == '"':
        raise InvalidParameter("-Delimiter is one character", field="Delimiter")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    for one in objects:
        writer.writerow([_csv_cell(one.get(name)) for name in names])
    return text.getvalue().splitlines() if objects else []


def _csv_cell(value: Value) -> str:
    return json.dumps(to_plain(value), ensure_ascii=False) if isinstance(value, list | Mapping) else text_of(value)


def _out_file(call: Input) -> list[Value]:
    text = io.StringIO()
    out = Console(file=text, width=FILE_WIDTH, highlight=False, markup=False, emoji=False, soft_wrap=True)
    Screen(out).show(call.items)
    _write(call, text.getvalue(), "FilePath")
    return []


def _write(call: Input, text: str, name: str) -> None:
    if name not in call.given:
        raise InvalidParameter(f"-{name} is missing: the file", field=name)
    path = Path(call.given.text(name)).expanduser()
    mode = "x" if call.given.flag("NoClobber") else "a" if call.given.flag("Append") else "w"
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise TwinpoolError(f"{path} could not be written: {error.strerror}") from error


def _appends_to_something(call: Input) -> bool:
    path = Path(call.given.text("Path")).expanduser()
    return call.given.flag("Append") and path.is_file() and path.stat().st_size > 0


def _get_member(call: Input) -> list[Value]:
    rows: list[Value] = []
    seen: set[str] = set()
    for item in call.items:
        kind = type_of(item)
        if kind in seen:
            continue
        seen.add(kind)
        names = names_of([item]) if "Name" not in call.given else expand_names(call.given.texts("Name"), [item])
        for name in names:
            if found := find_property(item, name):
                row = {"TypeName": kind, "Name": found[0], "MemberType": "Property", "Type": type_of(found[1])}
                rows.append(CmdletObject(MEMBER, row))
    if not seen:
        raise InvalidParameter("Get-Member has no object to look at: put one in front of it, with |")
    return rows


def _write_output(call: Input) -> list[Value]:
    return [*call.items, *items_of(call.given.get("InputObject"))]


def _require_data(item: Value) -> Value:
    if isinstance(item, Rendering):
        raise InvalidParameter("what Format-Table and Format-List make can only be shown; put them last")
    return item if isinstance(item, list | Mapping | str | int | float | None) else text_of(item)


def _require_object(item: Value) -> CmdletObject:
    found = object_of(_require_data(item))
    return found if found is not None else CmdletObject(type_of(item), {"Value": item, "Length": len(text_of(item))})


def _formats(names: Sequence[str]) -> tuple[ObjectCommand, ...]:
    return tuple(
        ObjectCommand(
            name=f"Format-{name}",
            synopsis=f"Shows objects as a {name.lower()}; nothing but a file can come behind it.",
            parameters=(parameter("Property", STRINGS, "Names of properties; wildcards are allowed.", position=0),),
            run=_format(as_list=name == "List"),
            examples=(f"$status.BackupModules | Format-{name} Identity, ExportStatus",),
            aliases=(f"f{name[0].lower()}",),
        )
        for name in names
    )


_DELIMITER = parameter("Delimiter", STRING, "One character between values; a comma if omitted.")
_NO_TYPE = parameter("NoTypeInformation", SWITCH, "As it is anyway: no line names a type.")
_APPEND = parameter("Append", SWITCH, "Add to what the file holds.")
_NO_CLOBBER = parameter("NoClobber", SWITCH, "Refuse a file that is there.")

COMMANDS = (
    *_formats(("Table", "List")),
    ObjectCommand(
        name="ConvertTo-Json",
        synopsis="Turns objects into JSON.",
        parameters=(
            parameter("Compress", SWITCH, "In one line."),
            parameter("AsArray", SWITCH, "A list even of one object."),
            parameter("Depth", STRING, "Accepted for scripts: objects are written whole, however deep."),
        ),
        run=_to_json,
        examples=("Get-CsBackupServiceConfiguration | ConvertTo-Json",),
    ),
    ObjectCommand(
        name="ConvertFrom-Json",
        synopsis="Turns JSON into objects.",
        parameters=(),
        run=_from_json,
        examples=('\'{"SyncInterval": "00:03:00"}\' | ConvertFrom-Json',),
    ),
    ObjectCommand(
        name="ConvertTo-Csv",
        synopsis="Turns objects into lines of comma-separated values; lists within them become JSON.",
        parameters=(_DELIMITER, _NO_TYPE),
        run=_to_csv,
        examples=("$status.BackupModules | ConvertTo-Csv",),
    ),
    ObjectCommand(
        name="Export-Csv",
        synopsis="Writes objects to a file as comma-separated values.",
        parameters=(parameter("Path", STRING, "The file.", position=0), _DELIMITER, _NO_TYPE, _APPEND, _NO_CLOBBER),
        run=_export_csv,
        examples=("$status.BackupModules | Export-Csv modules.csv",),
        aliases=("epcsv",),
    ),
    ObjectCommand(
        name="Out-File",
        synopsis="Writes to a file what would be shown.",
        parameters=(parameter("FilePath", STRING, "The file.", position=0), _APPEND, _NO_CLOBBER),
        run=_out_file,
        examples=("Get-CsBackupServiceConfiguration | Out-File configuration.txt",),
    ),
    ObjectCommand(
        name="Out-Null",
        synopsis="Shows nothing.",
        parameters=(),
        run=lambda _call: [],
        examples=("Invoke-CsBackupServiceSync -PoolFqdn pool1.lab | Out-Null",),
    ),
    ObjectCommand(
        name="Get-Member",
        synopsis="Names the properties of objects.",
        parameters=(parameter("Name", STRINGS, "Only these; wildcards are allowed.", position=0),),
        run=_get_member,
        examples=("Get-CsBackupServiceStatus -PoolFqdn pool1.lab | Get-Member",),
        aliases=("gm",),
    ),
    ObjectCommand(
        name="Write-Output",
        synopsis="Yields what it is given.",
        parameters=(parameter("InputObject", OBJECT, "What to yield.", position=0),),
        run=_write_output,
        examples=("Write-Output 'done'",),
        aliases=("echo", "write"),
    ),
)
