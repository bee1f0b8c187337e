"""How an orphan's value differs from the present one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpool_services.frontend.orphan_difference import (
    MOST_CHARACTERS,
    MOST_LINES,
    DifferenceKind,
    DifferingLine,
    difference,
)


def lines(orphan: bytes | None, present: bytes | None) -> list[tuple[str, str | None, str | None]]:
    return [(each.where, each.orphan, each.present) for each in difference(orphan, present).lines]


def test_json_differs_field_by_field() -> None:
    orphan = {"name": "Ada", "phones": ["1", "2"], "at": {"city": "London"}, "same": 1}
    present = {"name": "Bob", "phones": ["1"], "at": {"city": "London", "zip": None}, "same": 1}
    found = difference(json.dumps(orphan).encode(), json.dumps(present).encode())
    assert found.kind is DifferenceKind.JSON
    assert found.lines == (
        DifferingLine("name", '"Ada"', '"Bob"'),
        DifferingLine("phones[1]", '"2"', None),
        DifferingLine("at.zip", None, "null"),
    )


def test_json_against_no_record_is_all_its_fields() -> None:
    assert lines(b'{"a": 1, "b": {}}', None) == [("a", "1", None), ("b", "{}", None)]
    assert lines(None, b'["x"]') == [("[0]", None, '"x"')]


def test_json_that_is_only_written_otherwise_is_compared_as_text() -> None:
    found = difference(b'{"a":1}', b'{ "a": 1 }')
    assert (found.kind, found.lines) == (DifferenceKind.TEXT, (DifferingLine("line 1", '{"a":1}', '{ "a": 1 }'),))


def test_text_differs_line_by_line() -> None:
    assert lines(b"one\ntwo\nthree", b"one\nthree\nfour") == [("line 2", "two", None), ("line 4", None, "four")]


@pytest.mark.parametrize("deep", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"3", b"NaN"])
def test_what_is_no_object_of_json_is_text(deep: bytes) -> None:
    assert difference(deep, b"text").kind is DifferenceKind.TEXT


def test_bytes_differ_in_rows() -> None:
    found = difference(bytes(range(40)), bytes(range(20)) + b"\xff")
    assert found.kind is DifferenceKind.BINARY
    assert [each.where for each in found.lines] == ["0x00000010", "0x00000020"]
    assert found.lines[0].present == "10 11 12 13 ff"
    assert found.lines[1].present is None


def test_text_that_only_ends_its_lines_otherwise_is_compared_by_bytes() -> None:
    assert difference(b"a\r\n", b"a\n").kind is DifferenceKind.BINARY


def test_equal_values_do_not_differ() -> None:
    for value in (None, b"", b"{}", b"text", b"\xff\x00"):
        assert difference(value, value).lines == ()


def test_long_differences_are_cut_and_what_is_left_out_is_counted() -> None:
    many = difference(json.dumps(list(range(MOST_LINES + 5))).encode(), b"[]")
    assert (len(many.lines), many.left_out) == (MOST_LINES, 6)
    (line,) = difference(b"x" * 1_000, b"y").lines
    assert line.orphan == "x" * MOST_CHARACTERS + "… (1000 characters)"
    assert difference(b"a\n" * 50_000, b"b\n" * 50_000).left_out == 50_000 - MOST_LINES


values = st.none() | st.binary(max_size=80) | st.text(max_size=80).map(str.encode)


@given(values, values)
def test_different_values_differ_somewhere(orphan: bytes | None, present: bytes | None) -> None:
    found = difference(orphan, present)
    assert difference(present, orphan).kind is found.kind
    if orphan == present:
        assert found.lines == ()
    elif (orphan or b"") != (present or b""):
        assert found.lines
