"""Finds the line on which a key of a TOML file stands; the parser of the standard library does not tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

Path = tuple[str | int, ...]  #: of a key: names, and for arrays the place counted from 0

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')


def line_of(text: str, path: Path) -> int | None:
    """Return the line, counted from 1, of a key or of the closest table or array around it; None if there is none."""
    lines = dict(_places(text))
    ends = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[end] for end in ends if end in lines), None)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Tell the line of each header, each key, and each inline table in an array."""
    tables: Counter[Path] = Counter()
    around: Path = ()
    current: Path = ()
    element = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            around = current = _table(header[2], tables, is_array=header[1] == "[[")
            yield around, number
            continue
        if key := _KEY.match(line):
            current, element = around + _names(key[1]), 0
            yield current, number
        for _ in range(_TEXT.sub("", line).partition("#")[0].count("{")):
            yield (*current, element), number
            element += 1


def _table(header: str, tables: Counter[Path], *, is_array: bool) -> Path:
    """Return the path of a table, in which each array of tables is followed by the place within it."""
    path: Path = ()
    names = _names(header)
    for depth, name in enumerate(names):
        path = (*path, name)
        if is_array and depth == len(names) - 1:
            tables[path] += 1
        if tables[path]:
            path = (*path, tables[path] - 1)
    return path


def _names(dotted: str) -> Path:
    return tuple(name.strip(" \t\"'") for name in dotted.split("."))
