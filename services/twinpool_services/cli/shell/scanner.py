"""Reads the letters of a shell's text: blanks, names, numbers and quotes, and knows where it stands.

What a word is depends on where it stands, as in PowerShell: `00:03:00` is a text behind a cmdlet and nonsense in an
expression. So there is no list of tokens; the parser asks for what may come.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from twinpool_services.cli.binding import DASHES
from twinpool_services.cli.shell.syntax import Place, ShellSyntaxError, Unfinished

DOUBLE_QUOTES = '"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}'
SINGLE_QUOTES = (
    "'\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{SINGLE LOW-9 QUOTATION MARK}"
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}"
)
QUOTES = DOUBLE_QUOTES + SINGLE_QUOTES

#: What ends a word behind a command.
WORD_ENDS = " \t\r\n\N{NO-BREAK SPACE}|;(){},<>&" + QUOTES

BLANK = re.compile("(?:[ \t\r\N{NO-BREAK SPACE}\ufeff]|`\r?\n|#[^\n]*)+")
BLANK_OR_LINE = re.compile("(?:[ \t\r\n\N{NO-BREAK SPACE}\ufeff]|`\r?\n|#[^\n]*)+")
SEPARATORS = re.compile("(?:[ \t\r\n;\N{NO-BREAK SPACE}\ufeff]|`\r?\n|#[^\n]*)+")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>[^{}\n]+)\}|(?P<name>\w+|\?))", re.ASCII)
MEMBER = re.compile(r"\.(?P<name>[A-Za-z_]\w*)", re.ASCII)
NUMBER = re.compile(r"(?:\d+\.\d+|\d+|\.\d+)(?![\w.])", re.ASCII)
OPERATOR = re.compile(rf"[{DASHES}](?P<name>[A-Za-z]+)(?!\w)", re.ASCII)
NAMED = re.compile(rf"[{DASHES}]{{1,2}}(?P<name>[A-Za-z?][\w?]*)(?P<mark>[:=])?", re.ASCII)
#: Letters of a text that mean nothing but themselves, whatever is around them.
PLAIN = re.compile(rf"[^$`{re.escape(WORD_ENDS)}]+")
COMMAND = re.compile(rf"[^\W\d_][\w]*(?:[{DASHES}]\w+)*|[?%]", re.ASCII)


class Scanner:
    """A text, and how far it has been read."""

    def __init__(self, text: str) -> None:
        """Begin at the first letter."""
        self.text, self.at = text, 0
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]  #: where each line begins

    @property
    def place(self) -> Place:
        """Where we stand."""
        line = bisect_right(self._lines, self.at)
        return Place(line, self.at - self._lines[line - 1] + 1)

    def is_over(self) -> bool:
        """Whether everything is read."""
        return self.at >= len(self.text)

    def peek(self, length: int = 1) -> str:
        """Return the next letters; fewer at the end."""
        return self.text[self.at : self.at + length]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what matches here, if anything does."""
        if match := pattern.match(self.text, self.at):
            self.at = match.end()
        return match

    def looks_like(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern matches here."""
        return pattern.match(self.text, self.at) is not None

    def take_letter(self) -> str:
        """Read one letter. Raises `Unfinished` at the end."""
        if self.is_over():
            raise self.unfinished("something is missing here")
        self.at += 1
        return self.text[self.at - 1]

    def skip_blanks(self) -> None:
        """Read blanks, continued lines and comments."""
        self.take(BLANK)

    def skip_lines(self) -> None:
        """Read blanks, comments and ends of lines."""
        self.take(BLANK_OR_LINE)

    def skip_separators(self) -> bool:
        """Read what parts statements; say whether there was a line's end or a semicolon."""
        match = self.take(SEPARATORS)
        return match is not None and any(letter in match[0] for letter in "\n;")

    def expect(self, letter: str, opened: Place) -> None:
        """Read the letter that closes what was opened. Raises `ShellSyntaxError`."""
        if self.is_over():
            raise self.unfinished(f"{letter} is missing, for what was opened at {opened}")
        if self.peek() != letter:
            raise self.error(f"there is {self.shown()} where {letter} should be")
        self.at += 1

    def shown(self) -> str:
        """Name what comes next, for a message."""
        if self.is_over():
            return "the end"
        word = re.match(r"\S+|\s", self.text[self.at : self.at + 30])
        return repr(word[0] if word else self.peek())

    def error(self, message: str) -> ShellSyntaxError:
        """Make an error about what stands here."""
        return ShellSyntaxError(message, self.place)

    def unfinished(self, message: str) -> Unfinished:
        """Make an error about what does not stand here."""
        return Unfinished(message, self.place)
