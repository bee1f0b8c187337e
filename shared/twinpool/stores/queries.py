"""The SQL of a dialect: named, described statements that stand in files.

A file holds statements of this form; the name is how the code calls it, the comment below says what it does:

    -- read_record --
    -- Read one record
    SELECT value FROM record WHERE …;
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal

Dialect = Literal["sqlite", "postgresql"]

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_DESCRIPTION = re.compile(r"(?:-- \S.*\n)+")


def directory(dialect: Dialect) -> Traversable:
    """Return where the SQL files of a dialect stand."""
    return files("twinpool.stores") / "sql" / dialect


@cache
def queries(dialect: Dialect) -> Mapping[str, str]:
    """Return the statements of a dialect by name, without their descriptions."""
    found: dict[str, str] = {}
    for file in sorted(directory(dialect).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            for name, statement in statements_of(file.read_text(encoding="utf-8")):
                if name in found:
                    raise ValueError(f"{dialect} has two statements named {name}")
                found[name] = statement
    return MappingProxyType(found)


def statements_of(text: str) -> Iterator[tuple[str, str]]:
    """Read (name, statement) from the text of a file. Raises `ValueError` for a form that is not ours."""
    preamble, *parts = _HEADING.split(text)
    if any(line and not line.startswith("--") for line in preamble.splitlines()):
        raise ValueError("there is SQL before the first name")
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        described = _DESCRIPTION.match(body.lstrip("\n"))
        if described is None:
            raise ValueError(f"the statement {name} has no description")
        statement = body.lstrip("\n")[described.end() :].strip()
        if not statement.endswith(";"):
            raise ValueError(f"the statement {name} does not end in a semicolon")
        yield name, statement


__all__ = ["Dialect", "directory", "queries", "statements_of"]
