"""Reads texts: in single quotes as they stand, in double quotes and bare words with what is to be replaced."""

from __future__ import annotations

from collections.abc import Callable

from twinpool_services.cli.shell.scanner import (
    DOUBLE_QUOTES,
    PLAIN,
    QUOTES,
    SINGLE_QUOTES,
    VARIABLE,
    WORD_ENDS,
    Scanner,
)
from twinpool_services.cli.shell.syntax import Expression, Group, Literal, Place, Script, Text, Variable

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "e": "\x1b", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}

ReadScript = Callable[[str, Place], Script]


class Quoting:
    """Reads texts where a scanner stands."""

    def __init__(self, scanner: Scanner, read_script: ReadScript) -> None:
        """Read what `$( … )` holds with a function that reads up to a closing letter."""
        self._at, self._read_script = scanner, read_script

    def quoted(self) -> Literal | Text:
        """Read one text in quotes of either kind."""
        place = self._at.place
        return _text(self._parts_in_quotes(), place)

    def word(self) -> Literal | Text:
        """Read a bare word behind a command; quotes may be part of it."""
        place = self._at.place
        parts: list[Expression] = []
        while not self._at.is_over():
            letter = self._at.peek()
            if letter in QUOTES:
                parts += self._parts_in_quotes()
            elif letter in WORD_ENDS and not parts:
                raise self._at.error(f"there is {self._at.shown()} where a value should be{_why_not(letter)}")
            elif letter in WORD_ENDS:
                break
            else:
                parts.append(self._part())
        return _text(parts, place)

    def _parts_in_quotes(self) -> list[Expression]:
        opened = self._at.place
        kind = DOUBLE_QUOTES if self._at.take_letter() in DOUBLE_QUOTES else SINGLE_QUOTES
        parts: list[Expression] = [Literal("", opened)]
        while True:
            if self._at.is_over():
                raise self._at.unfinished(f"the text that begins at {opened} has no closing quote")
            place = self._at.place
            if self._at.peek() in kind:
                self._at.take_letter()
                if self._at.is_over() or self._at.peek() not in kind:
                    return parts
                parts.append(Literal(self._at.take_letter(), place))
            elif kind is SINGLE_QUOTES:
                match = self._at.take(PLAIN)
                parts.append(Literal(match[0] if match else self._at.take_letter(), place))
            else:
                parts.append(self._part())

    def _part(self) -> Expression:
        """Read plain letters, an escaped one, or something that is to be replaced."""
        place = self._at.place
        if match := self._at.take(PLAIN):
            return Literal(match[0], place)
        if match := self._at.take(VARIABLE):
            return Variable(match["braced"] or match["name"], place)
        letter = self._at.take_letter()
        if letter == "$" and self._at.peek() == "(":
            self._at.take_letter()
            return Group(self._read_script(")", place), always_list=False, place=place)
        if letter == "`":
            escaped = self._at.take_letter()
            return Literal(ESCAPES.get(escaped, escaped), place)
        return Literal(letter, place)


def _text(parts: list[Expression], place: Place) -> Literal | Text:
    """Join letters that stand beside each other."""
    whole: list[Expression] = []
    for part in parts:
        last = whole[-1] if whole else None
        if isinstance(part, Literal) and isinstance(last, Literal):
            whole[-1] = Literal(f"{last.value}{part.value}", last.place)
        else:
            whole.append(part)
    if not whole:
        return Literal("", place)
    if len(whole) == 1 and isinstance(whole[0], Literal):
        return Literal(whole[0].value, place)
    return Text(tuple(part for part in whole if part != Literal("", place)), place)


def _why_not(letter: str) -> str:
    """Say what to do instead of what the shell has not."""
    return {
        ">": "; to write to a file, use Export-Csv or Out-File",
        "<": "; there is no input from files",
        "&": "; there is no work in the background",
    }.get(letter, "")
