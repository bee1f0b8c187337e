"""How an orphan's value differs from the present one, so that people can read it. Pure.

JSON is told apart field by field, text line by line, everything else by rows of bytes.
"""

from __future__ import annotations

import difflib
import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

MOST_LINES = 200  #: that are told; the others are counted
MOST_CHARACTERS = 200  #: of one side of a line
MOST_TEXT_LINES = 2_000  #: a text of more is compared line for line in its place, for better is slow
ROW_BYTES = 16


class DifferenceKind(enum.StrEnum):
    """How two values were compared."""

    JSON = "Json"
    TEXT = "Text"
    BINARY = "Binary"


@dataclass(frozen=True, slots=True)
class DifferingLine:
    """One place at which they differ."""

    where: str  #: path of a field, number of a line, or offset of bytes
    orphan: str | None  #: None: there is nothing at this place
    present: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All places at which two values differ."""

    kind: DifferenceKind
    lines: tuple[DifferingLine, ...]
    left_out: int  #: lines that are not told


def difference(orphan: bytes | None, present: bytes | None) -> Difference:
    """Compare two values; None is no record at all, in which nothing is at any place."""
    fields = _fields_of(orphan), _fields_of(present)
    # Values may be written differently and yet have the same fields, or lines: then the next finer way is taken.
    if fields[0] is not None and fields[1] is not None:
        lines = list(_differing_fields(fields[0], fields[1]))
        if lines or orphan == present:
            return _bounded(DifferenceKind.JSON, iter(lines))
    texts = _lines_of(orphan), _lines_of(present)
    if texts[0] is not None and texts[1] is not None:
        lines = list(_differing_lines(texts[0], texts[1]))
        if lines or orphan == present:
            return _bounded(DifferenceKind.TEXT, iter(lines))
    return _bounded(DifferenceKind.BINARY, _differing_rows(orphan or b"", present or b""))


def _bounded(kind: DifferenceKind, lines: Iterator[DifferingLine]) -> Difference:
    told = tuple(
        DifferingLine(each.where, _short(each.orphan), _short(each.present)) for each in islice(lines, MOST_LINES)
    )
    return Difference(kind=kind, lines=told, left_out=sum(1 for _ in lines))


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]}… ({len(text)} characters)"


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────────────


def _fields_of(value: bytes | None) -> dict[str, str] | None:
    """Return the leaves of a JSON object or array by their paths; None if it is none."""
    if value is None:
        return {}
    try:
        document = json.loads(value)
        return dict(_leaves("", document)) if isinstance(document, dict | list) else None
    except (ValueError, RecursionError):
        return None


def _leaves(path: str, node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and node:
        for name, inner in node.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(node, list) and node:
        for at, inner in enumerate(node):
            yield from _leaves(f"{path}[{at}]", inner)
    else:
        yield path, json.dumps(node, ensure_ascii=False)


def _differing_fields(orphan: dict[str, str], present: dict[str, str]) -> Iterator[DifferingLine]:
    for path in dict.fromkeys([*orphan, *present]):
        if orphan.get(path) != present.get(path):
            yield DifferingLine(path, orphan.get(path), present.get(path))


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────


def _lines_of(value: bytes | None) -> list[str] | None:
    """Return the lines of a text; None if it is none."""
    try:
        text = (value or b"").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text.splitlines() if all(letter.isprintable() or letter in "\t\r\n" for letter in text) else None


def _differing_lines(orphan: list[str], present: list[str]) -> Iterator[DifferingLine]:
    for first, end, other, other_end in _changed_spans(orphan, present):
        for at, (mine, theirs) in enumerate(zip_longest(orphan[first:end], present[other:other_end])):
            if mine != theirs:
                yield DifferingLine(f"line {first + at + 1}", mine, theirs)


def _changed_spans(orphan: list[str], present: list[str]) -> list[tuple[int, int, int, int]]:
    if max(len(orphan), len(present)) > MOST_TEXT_LINES:
        return [(0, len(orphan), 0, len(present))]
    compared = difflib.SequenceMatcher(a=orphan, b=present, autojunk=False)
    return [tuple_[1:] for tuple_ in compared.get_opcodes() if tuple_[0] != "equal"]


# ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────


def _differing_rows(orphan: bytes, present: bytes) -> Iterator[DifferingLine]:
    for offset in range(0, max(len(orphan), len(present)), ROW_BYTES):
        mine, theirs = orphan[offset : offset + ROW_BYTES], present[offset : offset + ROW_BYTES]
        if mine != theirs:
            yield DifferingLine(f"{offset:#010x}", mine.hex(" ") or None, theirs.hex(" ") or None)


__all__ = ["Difference", "DifferenceKind", "DifferingLine", "difference"]
