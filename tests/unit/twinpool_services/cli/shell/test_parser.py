"""What can be written, and what is said about what cannot."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twinpool_services.cli.shell.operators import BINARY
from twinpool_services.cli.shell.parser import DEEPEST, parse
from twinpool_services.cli.shell.syntax import (
    Argument,
    Assignment,
    Binary,
    Block,
    Command,
    Exit,
    Expression,
    Group,
    Index,
    Listing,
    Literal,
    Named,
    Pipeline,
    Place,
    Property,
    Script,
    ShellSyntaxError,
    Text,
    Unary,
    Unfinished,
    Variable,
)

HERE = Place(1, 1)


def only(text: str) -> Pipeline:
    """Return the one pipeline of a text."""
    (statement,) = parse(text).statements
    assert isinstance(statement, Pipeline)
    return statement


def value(text: str) -> str:
    """Return the expression that a text is, as PowerShell would have it written in full."""
    first = only(text).first
    assert not isinstance(first, Command)
    return written(first)


def arguments(text: str) -> list[str]:
    first = only(text).first
    assert isinstance(first, Command)
    return [written_argument(one) for one in first.arguments]


def written_argument(one: Named | Argument) -> str:
    if isinstance(one, Argument):
        return written(one.value)
    return f"-{one.name}" if one.value is None else f"-{one.name}:{written(one.value)}"


def written(node: Expression) -> str:  # noqa: C901 - a case for each kind of node
    """Write an expression so that it cannot be read in another way."""
    match node:
        case Literal(str() as text):
            return "'" + text.replace("'", "''") + "'"
        case Literal(number):
            return str(number)
        case Text(parts):
            return '"' + "".join(f"$({written(part)})" for part in parts) + '"'
        case Variable(name):
            return f"${{{name}}}"
        case Property(target, name):
            return f"({written(target)}).{name}"
        case Index(target, index):
            return f"({written(target)})[{written(index)}]"
        case Unary("minus", operand):
            return f"-{written(operand)}"
        case Unary(operator, operand):
            return f"(-{operator} {written(operand)})"
        case Binary(operator, left, right):
            return f"({written(left)} -{operator} {written(right)})"
        case Listing(items):
            return f"({', '.join(map(written, items))})"
        case Group(script, always_list):
            return f"{'@' if always_list else ''}({written_script(script)})"
        case Block(script):
            return f"{{{written_script(script)}}}"


def written_script(script: Script) -> str:
    return "; ".join(written_statement(one) for one in script.statements)


def written_statement(one: Pipeline | Assignment | Exit) -> str:
    match one:
        case Assignment(variable, properties, pipeline):
            return f"${'.'.join([variable, *properties])} = {written_statement(pipeline)}"
        case Exit(code):
            return "exit" if code is None else f"exit {written(code)}"
        case Pipeline(first, others):
            stages = [first, *others]
            return " | ".join(written_command(each) if isinstance(each, Command) else written(each) for each in stages)


def written_command(command: Command) -> str:
    return " ".join([command.name, *(written_argument(one) for one in command.arguments)])


@pytest.mark.parametrize("dash", ["-", "\N{EN DASH}", "\N{EM DASH}"])
def test_the_line_of_the_seed_is_read_with_every_dash(dash: str) -> None:
    (statement,) = parse(f"$BackupStatus = Get-CsBackupServiceStatus {dash}PoolFqdn pool1.lab").statements

    assert isinstance(statement, Assignment)
    assert statement.variable == "BackupStatus"
    assert statement.value.first == Command(
        "Get-CsBackupServiceStatus",
        (Named("PoolFqdn", None, Place(1, 43)), Argument(Literal("pool1.lab", Place(1, 53)), Place(1, 53))),
        Place(1, 17),
    )


def test_a_command_may_be_written_with_a_dash_of_a_word_processor() -> None:
    first = only("Get\N{EN DASH}CsPool").first
    assert isinstance(first, Command)
    assert first.name == "Get-CsPool"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"),
        ("-1.5", "-1.5"),
        ("'it''s'", "'it''s'"),
        ("“smart” ", "'smart'"),
        ("\N{LEFT SINGLE QUOTATION MARK}smart\N{RIGHT SINGLE QUOTATION MARK}", "'smart'"),
        ('"say ""hi"" `"there`" `$x"', '\'say "hi" "there" $x\''),
        ('"a$b c"', "\"$('a')$(${b})$(' c')\""),
        ('"${a b}"', '"$(${a b})"'),
        ('"n: $($x.Count)"', "\"$('n: ')$(((${x}).Count))\""),
        ("$x.A.B[0]", "(((${x}).A).B)[0]"),
        ("$x[-1].Name", "((${x})[-1]).Name"),
        ("1, 2,3", "(1, 2, 3)"),
        ("@(1)", "@(1)"),
        ("-not $a -eq 1", "((-not ${a}) -eq 1)"),
        ("! $a", "(-not ${a})"),
        ("$a -eq 1 -and $b \N{EN DASH}ne 2 -OR $c", "(((${a} -eq 1) -and (${b} -ne 2)) -or ${c})"),
        ("'x' -in 'x', 'y'", "('x' -in ('x', 'y'))"),
        ("{ $_ }", "{${_}}"),
        ("$?", "${?}"),
    ],
)
def test_expressions_are_read_as_powershell_reads_them(text: str, expected: str) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x -A 00:03:00 b", ["-A", "'00:03:00'", "'b'"]),
        ("x -A:b -B=c", ["-A:'b'", "-B:'c'"]),
        ("x a,b , c d", ["('a', 'b', 'c')", "'d'"]),
        ("x a,\n b", ["('a', 'b')"]),
        ("x $a.b $c[0] (1) @(2) {3}", ["(${a}).b", "(${c})[0]", "(1)", "@(2)", "{3}"]),
        ("x fe1.$pool", ["\"$('fe1.')$(${pool})\""]),
        ("x $pool/a", ["\"$(${pool})$('/a')\""]),
        ('x a"b c"d', ["'ab cd'"]),
        ("x -1 - *", ["'-1'", "'-'", "'*'"]),
        ("x `\n -A", ["-A"]),
        ("x a#b # said", ["'a#b'"]),
        ("x 'service:Registrar:pool1.lab'", ["'service:Registrar:pool1.lab'"]),
        ("x -?", ["-?"]),
    ],
)
def test_words_behind_a_command_are_read_as_powershell_reads_them(text: str, expected: list[str]) -> None:
    assert arguments(text) == expected


def test_statements_are_parted_by_lines_and_semicolons_and_comments_are_passed_over() -> None:
    text = "# first\na; b |\n  c # why\r\n\n$x = d\n$x.Y.Z = 1\nexit 3\nexit"
    assert written_script(parse(text)) == "a; b | c; $x = d; $x.Y.Z = 1; exit 3; exit"


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("a ||", (1, 4), "command"),
        ("a\n  )", (2, 3), "nothing has opened"),
        ("(a]", (1, 3), "in the name of a command"),
        ("(1]", (1, 3), "should end"),
        ("$x.Do()", (1, 6), "methods"),
        ("if ($x) { a }", (1, 3), "no 'if'"),
        ("a > b", (1, 3), "Out-File"),
        ("$a -xor $b", (1, 4), "no operator"),
        ("$a $b", (1, 4), "should end"),
        ("x -A.b", (1, 5), "name of a parameter"),
        ("x -A: b", (1, 6), "no value"),
        ("x @{a=1}", (1, 3), "value"),
        ("(" * 60 + "1" + ")" * 60, (1, 42), f"go to {DEEPEST}"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: tuple[int, int], part: str) -> None:
    with pytest.raises(ShellSyntaxError, match=part) as caught:
        parse(text)
    assert (caught.value.place.line, caught.value.place.column) == place
    assert not isinstance(caught.value, Unfinished)


@pytest.mark.parametrize(
    "text", ["(", "a |", "$x =", "'a", '"a', "{ a", "@(1,", "a b,", "$a -eq", "$x[", "a `", '"$(a"', "-not", "!"]
)
def test_a_text_that_may_go_on_is_unfinished(text: str) -> None:
    with pytest.raises(Unfinished):
        parse(text)


@given(st.text(alphabet="$x.ab1'\"`(){}[]@|;,=-\N{EN DASH}# \n?%!:_<>&é\t", max_size=40) | st.text(max_size=40))
@example("\ufeffGet-CsPool")
@example("$(((")
def test_any_text_is_read_or_is_a_syntax_error_within_it(text: str) -> None:
    try:
        parse(text)
    except ShellSyntaxError as error:
        place = error.place
    else:
        return
    lines = text.split("\n")
    assert 1 <= place.line <= len(lines)
    assert 1 <= place.column <= len(lines[place.line - 1]) + 1


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
leaves = st.builds(Literal, st.text(max_size=8) | st.integers(0, 999), st.just(HERE)) | st.builds(
    Variable, names, st.just(HERE)
)


def _nodes(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return (
        st.builds(Property, inner, names, st.just(HERE))
        | st.builds(Index, inner, inner, st.just(HERE))
        | st.builds(Unary, st.just("not"), inner, st.just(HERE))
        | st.builds(Binary, st.sampled_from(sorted(BINARY | {"and", "or"})), inner, inner, st.just(HERE))
        | st.builds(Listing, st.lists(inner, min_size=2, max_size=3).map(tuple), st.just(HERE))
    )


@settings(max_examples=50)
@given(st.recursive(leaves, _nodes, max_leaves=8))
def test_a_tree_that_is_written_down_is_read_as_itself(node: Expression) -> None:
    first = only(written(node)).first
    assert not isinstance(first, Command)
    assert bare(first) == node


def bare(node: Any) -> Any:
    """Take out the brackets, and where everything stands."""
    match node:
        case Place():
            return HERE
        case Group(Script((Pipeline(inner, ()),)), False):
            return bare(inner)
        case tuple():
            return tuple(map(bare, node))
        case Literal() | Variable() | Property() | Index() | Unary() | Binary() | Listing():
            return type(node)(*(bare(getattr(node, field.name)) for field in dataclasses.fields(node)))
        case _:
            return node
