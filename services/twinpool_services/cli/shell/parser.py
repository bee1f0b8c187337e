"""Reads the text of a shell into a tree, by recursive descent. Raises `ShellSyntaxError`, `Unfinished`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from twinpool_services.cli.binding import DASHES
from twinpool_services.cli.shell.operators import BINARY, LOGICAL
from twinpool_services.cli.shell.quoting import Quoting
from twinpool_services.cli.shell.scanner import (
    COMMAND,
    MEMBER,
    NAMED,
    NUMBER,
    OPERATOR,
    QUOTES,
    VARIABLE,
    WORD_ENDS,
    Scanner,
)
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
    Statement,
    Unary,
    Variable,
)

DEEPEST = 40  #: brackets within brackets

#: What PowerShell has, and this shell has not.
FOREIGN = frozenset(
    {
        "if",
        "else",
        "elseif",
        "while",
        "for",
        "do",
        "switch",
        "function",
        "filter",
        "param",
        "try",
        "catch",
        "finally",
        "throw",
        "trap",
        "return",
        "break",
        "continue",
        "class",
        "enum",
        "using",
        "begin",
        "process",
        "end",
    }
)

_NEGATIVE = re.compile(rf"[{DASHES}](?=[\d.])")
_BEGINS_EXPRESSION = re.compile(rf"[$({re.escape(QUOTES)}@!\d{{\[]|[{DASHES}](?:not\b|[\d.])|\.\d", re.IGNORECASE)
_ASSIGNS = re.compile(r"=(?!=)")
_EXIT = re.compile(r"exit(?![\w-])", re.IGNORECASE)


def parse(text: str) -> Script:
    """Read a whole text."""
    return _Parser(Scanner(text)).whole()


class _Parser:
    def __init__(self, scanner: Scanner) -> None:
        self._at, self._depth = scanner, 0
        self._quoting = Quoting(scanner, self._inner_script)

    def whole(self) -> Script:
        script = self._script()
        if not self._at.is_over():
            raise self._at.error(f"there is {self._at.shown()}, which nothing has opened")
        return script

    # ── statements ──────────────────────────────────────────────────────────────────────────────────────────

    def _script(self) -> Script:
        statements: list[Statement] = []
        self._at.skip_separators()
        while not self._at.is_over() and self._at.peek() not in ")}":
            statements.append(self._statement())
            if not self._at.skip_separators() and not self._at.is_over() and self._at.peek() not in ")}":
                raise self._at.error(f"there is {self._at.shown()} where a statement should end")
        return Script(tuple(statements))

    def _statement(self) -> Statement:
        place = self._at.place
        if assigned := self._assigned():
            self._at.skip_lines()
            if self._at.is_over():
                raise self._at.unfinished("the value is missing")
            return Assignment(*assigned, self._pipeline(), place)
        if self._at.take(_EXIT):
            self._at.skip_blanks()
            has_code = not self._at.is_over() and self._at.peek() not in ";)}\n"
            return Exit(self._expression() if has_code else None, place)
        return self._pipeline()

    def _assigned(self) -> tuple[str, tuple[str, ...]] | None:
        """Read what stands left of `=`; nothing if this is no assignment."""
        begin = self._at.at
        if match := self._at.take(VARIABLE):
            properties: list[str] = []
            while member := self._at.take(MEMBER):
                properties.append(member["name"])
            self._at.skip_blanks()
            if self._at.take(_ASSIGNS):
                return match["braced"] or match["name"], tuple(properties)
        self._at.at = begin
        return None

    def _pipeline(self) -> Pipeline:
        place = self._at.place
        first = self._expression() if self._at.looks_like(_BEGINS_EXPRESSION) else self._command()
        others: list[Command] = []
        self._at.skip_blanks()
        while self._at.peek() == "|":
            self._at.take_letter()
            self._at.skip_lines()
            if self._at.is_over():
                raise self._at.unfinished("a command is missing after |")
            others.append(self._command())
            self._at.skip_blanks()
        return Pipeline(first, tuple(others), place)

    def _command(self) -> Command:
        place = self._at.place
        match = self._at.take(COMMAND)
        if match is None:
            raise self._at.error(f"there is {self._at.shown()} where a command should be")
        name = re.sub(f"[{DASHES}]", "-", match[0])
        if name.casefold() in FOREIGN:
            raise self._at.error(f"there is no {name!r} in this shell: it runs commands and pipelines alone")
        if not self._at.is_over() and self._at.peek() not in WORD_ENDS:
            raise self._at.error(f"there is {self._at.shown()} in the name of a command")
        arguments: list[Named | Argument] = []
        self._at.skip_blanks()
        while not self._at.is_over() and self._at.peek() not in "|;)}\n":
            arguments.append(self._argument())
            self._at.skip_blanks()
        return Command(name, tuple(arguments), place)

    # ── what follows a command ──────────────────────────────────────────────────────────────────────────────

    def _argument(self) -> Named | Argument:
        place = self._at.place
        match = self._at.take(NAMED)
        if match is None:
            return Argument(self._listed_words(), place)
        if match["mark"] is None:
            if not self._at.is_over() and self._at.peek() not in WORD_ENDS:
                raise self._at.error(f"there is {self._at.shown()} in the name of a parameter")
            return Named(match["name"], None, place)
        if self._at.is_over() or self._at.peek() in " \t\r\n|;)}":
            raise self._at.error(f"-{match['name']} has no value behind its {match['mark']}")
        return Named(match["name"], self._listed_words(), place)

    def _listed_words(self) -> Expression:
        place = self._at.place
        words = [self._word()]
        self._at.skip_blanks()
        while self._at.peek() == ",":
            self._at.take_letter()
            self._at.skip_lines()
            if self._at.is_over():
                raise self._at.unfinished("the list has no end")
            words.append(self._word())
            self._at.skip_blanks()
        return words[0] if len(words) == 1 else Listing(tuple(words), place)

    def _word(self) -> Expression:
        letter = self._at.peek()
        if letter in "({" or self._at.peek(2) in {"@(", "@{"}:
            return self._postfixed()
        if letter == "$":
            begin, value = self._at.at, self._postfixed()
            if self._at.is_over() or self._at.peek() in WORD_ENDS:
                return value
            self._at.at = begin
        return self._quoting.word()

    # ── expressions ─────────────────────────────────────────────────────────────────────────────────────────

    def _expression(self) -> Expression:
        left = self._comparison()
        while operator := self._operator(LOGICAL):
            left = Binary(operator[0], left, self._comparison(), operator[1])
        if self._at.looks_like(OPERATOR):
            raise self._at.error(f"there is no operator {self._at.shown()}")
        return left

    def _comparison(self) -> Expression:
        left = self._list()
        while operator := self._operator(BINARY):
            left = Binary(operator[0], left, self._list(), operator[1])
        return left

    def _operator(self, known: frozenset[str]) -> tuple[str, Place] | None:
        self._at.skip_blanks()
        begin, place = self._at.at, self._at.place
        match = self._at.take(OPERATOR)
        if match is None or match["name"].lower() not in known:
            self._at.at = begin
            return None
        return match["name"].lower(), place

    def _list(self) -> Expression:
        self._at.skip_lines()
        place = self._at.place
        items = [self._unary()]
        while self._comma():
            items.append(self._unary())
        return items[0] if len(items) == 1 else Listing(tuple(items), place)

    def _comma(self) -> bool:
        begin = self._at.at
        self._at.skip_blanks()
        if self._at.peek() != ",":
            self._at.at = begin
            return False
        self._at.take_letter()
        self._at.skip_lines()
        return True

    def _unary(self) -> Expression:
        outer: list[tuple[str, Place]] = []
        while True:
            place = self._at.place
            if self._at.peek() == "!":
                self._at.take_letter()
                outer.append(("not", place))
            elif operator := self._operator(frozenset({"not"})):
                outer.append(operator)
            else:
                break
            self._at.skip_lines()
        if self._at.take(_NEGATIVE):
            outer.append(("minus", place))
        found = self._postfixed()
        for name, where in reversed(outer):
            found = Unary(name, found, where)
        return found

    def _postfixed(self) -> Expression:
        found = self._primary()
        while not isinstance(found, Literal):
            place = self._at.place
            if member := self._at.take(MEMBER):
                if self._at.peek() == "(":
                    raise self._at.error("methods cannot be called in this shell")
                found = Property(found, member["name"], place)
            elif self._at.peek() == "[":
                self._at.take_letter()
                with self._deeper():
                    index = self._expression()
                self._at.skip_lines()
                self._at.expect("]", place)
                found = Index(found, index, place)
            else:
                break
        return found

    def _primary(self) -> Expression:
        place = self._at.place
        if match := self._at.take(NUMBER):
            return Literal(float(match[0]) if "." in match[0] else int(match[0]), place)
        if match := self._at.take(VARIABLE):
            return Variable(match["braced"] or match["name"], place)
        if self._at.peek() and self._at.peek() in QUOTES:
            return self._quoting.quoted()
        opening = self._at.take(re.compile(r"[$@]?\("))
        if opening:
            return Group(self._inner_script(")", place), opening[0] == "@(", place)
        if self._at.peek() == "{":
            self._at.take_letter()
            return Block(self._inner_script("}", place), place)
        if self._at.is_over():
            raise self._at.unfinished("a value is missing")
        raise self._at.error(f"there is {self._at.shown()} where a value should be")

    def _inner_script(self, closing: str, opened: Place) -> Script:
        with self._deeper():
            script = self._script()
        self._at.expect(closing, opened)
        return script

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._at.error(f"brackets within brackets go to {DEEPEST}")
        yield
        self._depth -= 1
